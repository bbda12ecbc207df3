import { z } from "zod";

import type { Engine } from "../engine/engine.ts";
import { existing } from "../engine/engine-fault.ts";
import { bool, entity, parseBody, text } from "../http/body.ts";
import { type Answer, type Call, type Handle, accepted, created, flag, ok, param, rows } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import { searchedRows } from "../http/search.ts";
import type { Vm } from "../model/vm.ts";
import { writeOvf } from "../ovf/write-ovf.ts";
import { tagResource } from "../rendering/resources/inventory.ts";
import { vmResource } from "../rendering/resources/vm.ts";
import { createVmFromOvf } from "../vms/create-vm-from-ovf.ts";
import { createVm } from "../vms/create-vm.ts";
import { editVm } from "../vms/edit-vm.ts";
import { freezeVm, thawVm } from "../vms/freeze.ts";
import { removeVm } from "../vms/remove-vm.ts";
import { startVm, stopVm } from "../vms/vm-life.ts";
import { vmBody } from "../vms/vm-body.ts";

const actionOptions = ["async", "filter", "grace_period", "status", "job", "fault"];

const startBody = entity({ vm: z.looseObject({}).optional() }, [
  ...actionOptions,
  "pause",
  "use_cloud_init",
  "use_sysprep",
  "use_ignition",
  "use_initialization",
  "volatile",
  "authorized_key",
]);
const stopBody = entity({ force: bool.optional(), reason: text.optional() }, actionOptions);
const emptyBody = entity({}, actionOptions);

/** The host that a run-once `vm` element asks for. */
const wantedHost = (vm: Readonly<Record<string, unknown>> | undefined): string | undefined => {
  const shape = z.looseObject({
    placement_policy: z.looseObject({
      hosts: z.looseObject({
        host: z.array(z.looseObject({ id: z.string().optional(), name: z.string().optional() })),
      }),
    }),
  });
  const [host] = shape.safeParse(vm).data?.placement_policy.hosts.host ?? [];
  return host?.id ?? host?.name;
};

const vmOf = (engine: Engine, call: Call): Vm => existing(engine.world.vms, param(call, "vm"));

const show = (engine: Engine, call: Call, vm: Vm) =>
  vmResource(engine.world, vm, { follow: call.follow, ovf: call.allContent ? writeOvf(engine.world, vm) : undefined });

const list = (engine: Engine, call: Call): Answer =>
  searchedRows(
    call,
    {
      element: "vm",
      all: [...engine.world.vms.values()],
      searchable: (vm) => ({
        id: vm.id,
        name: vm.name,
        status: vm.status,
        description: vm.description,
        cluster: engine.world.clusters.get(vm.clusterId)?.name,
        host: engine.world.hosts.get(vm.hostId ?? "")?.name,
        tag: engine.world.tags.get(vm.tagIds[0] ?? "")?.name,
      }),
    },
    (vm) => show(engine, call, vm),
  );

const create = (engine: Engine, call: Call): Answer => {
  const body = parseBody(vmBody, call.body);
  const vm =
    body.initialization?.configuration === undefined
      ? createVm(engine, call.actor, body, flag(call, "clone"))
      : createVmFromOvf(engine, call.actor, body);
  return created(vmResource(engine.world, vm));
};

const stop = (engine: Engine, call: Call, kind: "stop" | "shutdown"): Answer => {
  const vm = vmOf(engine, call);
  const body = parseBody(stopBody, call.body);
  stopVm(engine, call.actor, vm, { kind, force: body.force ?? false, reason: body.reason ?? "" });
  return accepted();
};

const start = (engine: Engine, call: Call): Answer => {
  const vm = vmOf(engine, call);
  startVm(engine, call.actor, vm, wantedHost(parseBody(startBody, call.body).vm));
  return accepted();
};

const guestAction = (engine: Engine, call: Call, act: (vm: Vm) => void): Answer => {
  const vm = vmOf(engine, call);
  parseBody(emptyBody, call.body);
  act(vm);
  return accepted();
};

/** `/vms` and the actions of a VM. */
export const vmRoutes = (engine: Engine): readonly Route<Handle>[] => [
  { method: "GET", pattern: "/vms", handle: (call) => list(engine, call) },
  { method: "POST", pattern: "/vms", handle: (call) => create(engine, call) },
  { method: "GET", pattern: "/vms/:vm", handle: (call) => ok(show(engine, call, vmOf(engine, call))) },
  {
    method: "PUT",
    pattern: "/vms/:vm",
    handle: (call) => {
      const vm = vmOf(engine, call);
      editVm(engine, vm, parseBody(vmBody, call.body));
      return ok(vmResource(engine.world, vm));
    },
  },
  {
    method: "DELETE",
    pattern: "/vms/:vm",
    handle: (call) => {
      removeVm(engine, call.actor, vmOf(engine, call), flag(call, "detach_only"));
      return accepted();
    },
  },
  { method: "POST", pattern: "/vms/:vm/start", handle: (call) => start(engine, call) },
  { method: "POST", pattern: "/vms/:vm/stop", handle: (call) => stop(engine, call, "stop") },
  { method: "POST", pattern: "/vms/:vm/shutdown", handle: (call) => stop(engine, call, "shutdown") },
  {
    method: "POST",
    pattern: "/vms/:vm/freezefilesystems",
    handle: (call) =>
      guestAction(engine, call, (vm) => {
        freezeVm(engine, call.actor, vm);
      }),
  },
  { method: "POST", pattern: "/vms/:vm/thawfilesystems", handle: (call) => guestAction(engine, call, thawVm) },
  {
    method: "GET",
    pattern: "/vms/:vm/tags",
    handle: (call) =>
      rows(
        call,
        "tag",
        vmOf(engine, call)
          .tagIds.flatMap((id) => engine.world.tags.get(id) ?? [])
          .map(tagResource),
      ),
  },
];
