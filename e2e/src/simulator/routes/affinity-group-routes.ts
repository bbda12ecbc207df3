import type { z } from "zod";

import type { Engine } from "../engine/engine.ts";
import { MissingEntity, conflict, existing, incomplete } from "../engine/engine-fault.ts";
import { newUuid } from "../engine/new-uuid.ts";
import { bool, collection, entity, integer, parseBody, reference, text } from "../http/body.ts";
import { type Call, type Handle, accepted, created, ok, param, rows } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import type { AffinityGroup, AffinityRule } from "../model/affinity-group.ts";
import { defined } from "../model/defined.ts";
import { affinityGroupResource } from "../rendering/resources/affinity-group.ts";
import { knownMember, memberRoutes } from "./member-routes.ts";

const rule = entity({ enabled: bool.optional(), enforcing: bool.optional(), positive: bool.optional() });
const groupBody = entity(
  {
    name: text.optional(),
    description: text.optional(),
    priority: integer.optional(),
    vms_rule: rule.optional(),
    hosts_rule: rule.optional(),
    vms: collection("vm", reference).optional(),
    hosts: collection("host", reference).optional(),
  },
  ["id", "broken", "cluster", "comment", "enforcing", "positive", "host_labels", "vm_labels"],
);
type GroupBody = z.output<typeof groupBody>;

const noRule: AffinityRule = { enabled: false, enforcing: false, positive: false };

const ruleOf = (base: AffinityRule, body: GroupBody["vms_rule"]): AffinityRule => ({
  ...base,
  ...(body === undefined ? {} : { enabled: true }),
  ...defined(body ?? {}),
});

const action = "Cannot edit Affinity Group";

const apply = (engine: Engine, group: AffinityGroup, body: GroupBody): void => {
  Object.assign(group, {
    ...defined({ name: body.name, description: body.description, priority: body.priority }),
    vmsRule: ruleOf(group.vmsRule, body.vms_rule),
    hostsRule: ruleOf(group.hostsRule, body.hosts_rule),
    vmIds: body.vms?.map(({ id }) => knownMember(engine, "vms", id, action)) ?? group.vmIds,
    hostIds: body.hosts?.map(({ id }) => knownMember(engine, "hosts", id, action)) ?? group.hostIds,
  } satisfies Partial<AffinityGroup>);
  engine.world.affinityGroups.set(group.id, group);
  engine.save();
};

const groupsOf = (engine: Engine, call: Call): readonly AffinityGroup[] => {
  const { id } = existing(engine.world.clusters, param(call, "cluster"));
  return [...engine.world.affinityGroups.values()].filter((group) => group.clusterId === id);
};

const groupOf = (engine: Engine, call: Call): AffinityGroup => {
  const group = groupsOf(engine, call).find((one) => one.id === param(call, "group"));
  if (group === undefined) throw new MissingEntity("no such affinity group");
  return group;
};

const create = (engine: Engine, call: Call): AffinityGroup => {
  const others = groupsOf(engine, call);
  const body = parseBody(groupBody, call.body);
  if (body.name === undefined) throw incomplete("AffinityGroup [name] required for add");
  if (others.some(({ name }) => name === body.name)) {
    throw conflict("Cannot add Affinity Group. Affinity Group name already exists.");
  }
  const group: AffinityGroup = {
    id: newUuid(engine.random),
    clusterId: param(call, "cluster"),
    name: body.name,
    description: "",
    priority: 1,
    vmsRule: noRule,
    hostsRule: noRule,
    vmIds: [],
    hostIds: [],
  };
  apply(engine, group, body);
  return group;
};

const path = "/clusters/:cluster/affinitygroups";

/** `/clusters/ID/affinitygroups` with their members. */
export const affinityGroupRoutes = (engine: Engine): readonly Route<Handle>[] => {
  const member = { path: `${path}/:group`, action, holderOf: (call: Call) => groupOf(engine, call) };
  const show = (group: AffinityGroup) => affinityGroupResource(engine.world, group);
  return [
    {
      method: "GET",
      pattern: path,
      handle: (call) => rows(call, "affinity_group", groupsOf(engine, call).map(show)),
    },
    { method: "POST", pattern: path, handle: (call) => created(show(create(engine, call))) },
    { method: "GET", pattern: `${path}/:group`, handle: (call) => ok(show(groupOf(engine, call))) },
    {
      method: "PUT",
      pattern: `${path}/:group`,
      handle: (call) => {
        const group = groupOf(engine, call);
        apply(engine, group, parseBody(groupBody, call.body));
        return ok(show(group));
      },
    },
    {
      method: "DELETE",
      pattern: `${path}/:group`,
      handle: (call) => {
        engine.world.affinityGroups.delete(groupOf(engine, call).id);
        engine.save();
        return accepted();
      },
    },
    ...memberRoutes(engine, "vms", member),
    ...memberRoutes(engine, "hosts", member),
  ];
};
