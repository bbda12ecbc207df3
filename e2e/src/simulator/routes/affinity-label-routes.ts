import type { Engine } from "../engine/engine.ts";
import { conflict, existing, incomplete } from "../engine/engine-fault.ts";
import { newUuid } from "../engine/new-uuid.ts";
import { collection, entity, parseBody, reference, text } from "../http/body.ts";
import { type Answer, type Call, type Handle, accepted, created, ok, param, rows } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import type { AffinityLabel } from "../model/affinity-label.ts";
import { affinityLabelResource } from "../rendering/resources/affinity-label.ts";
import { type MemberKind, knownMember, memberRoutes } from "./member-routes.ts";

const labelBody = entity(
  {
    name: text.optional(),
    vms: collection("vm", reference).optional(),
    hosts: collection("host", reference).optional(),
  },
  ["id", "comment", "description", "read_only", "has_implicit_affinity_group"],
);

const action = "Cannot edit Affinity Label";

const labelOf = (engine: Engine, call: Call): AffinityLabel =>
  existing(engine.world.affinityLabels, param(call, "label"));

const apply = (engine: Engine, label: AffinityLabel, call: Call): Answer => {
  const body = parseBody(labelBody, call.body);
  const idsOf = (kind: MemberKind): string[] | undefined =>
    body[kind]?.map(({ id }) => knownMember(engine, kind, id, action));
  label.name = body.name ?? label.name;
  if (label.name === "") throw incomplete("AffinityLabel [name] required for add");
  const { affinityLabels } = engine.world;
  if ([...affinityLabels.values()].some(({ id, name }) => name === label.name && id !== label.id))
    throw conflict(`${action}. The name is already in use.`);
  label.vmIds = idsOf("vms") ?? label.vmIds;
  label.hostIds = idsOf("hosts") ?? label.hostIds;
  affinityLabels.set(label.id, label);
  engine.save();
  return ok(affinityLabelResource(label));
};

const create = (engine: Engine, call: Call): Answer => {
  const label: AffinityLabel = { id: newUuid(engine.random), name: "", vmIds: [], hostIds: [] };
  apply(engine, label, call);
  return created(affinityLabelResource(label));
};

const remove = (engine: Engine, call: Call): Answer => {
  engine.world.affinityLabels.delete(labelOf(engine, call).id);
  engine.save();
  return accepted();
};

const ofVm = (engine: Engine, call: Call): Answer => {
  const { id } = existing(engine.world.vms, param(call, "vm"));
  const labels = [...engine.world.affinityLabels.values()].filter(({ vmIds }) => vmIds.includes(id));
  return rows(call, "affinity_label", labels.map(affinityLabelResource));
};

/** `/affinitylabels` with their VMs and hosts, and those of a VM. */
export const affinityLabelRoutes = (engine: Engine): readonly Route<Handle>[] => {
  const path = "/affinitylabels";
  const member = { path: `${path}/:label`, action, holderOf: (call: Call) => labelOf(engine, call) };
  return [
    {
      method: "GET",
      pattern: path,
      handle: (call) =>
        rows(call, "affinity_label", [...engine.world.affinityLabels.values()].map(affinityLabelResource)),
    },
    { method: "POST", pattern: path, handle: (call) => create(engine, call) },
    {
      method: "GET",
      pattern: `${path}/:label`,
      handle: (call) => ok(affinityLabelResource(labelOf(engine, call))),
    },
    {
      method: "PUT",
      pattern: `${path}/:label`,
      handle: (call) => apply(engine, { ...labelOf(engine, call) }, call),
    },
    { method: "DELETE", pattern: `${path}/:label`, handle: (call) => remove(engine, call) },
    { method: "GET", pattern: "/vms/:vm/affinitylabels", handle: (call) => ofVm(engine, call) },
    ...memberRoutes(engine, "vms", member),
    ...memberRoutes(engine, "hosts", member),
  ];
};
