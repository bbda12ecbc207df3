import { z } from "zod";

import type { Engine } from "../engine/engine.ts";
import { conflict, existing, existingIn, incomplete, refused } from "../engine/engine-fault.ts";
import { newUuid } from "../engine/new-uuid.ts";
import { bool, entity, parseBody, reference, text } from "../http/body.ts";
import { type Answer, type Call, type Handle, accepted, created, ok, param, rows } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import { defined } from "../model/defined.ts";
import type { Nic, Vm } from "../model/vm.ts";
import { nicResource } from "../rendering/resources/nic.ts";
import { newMac } from "../vms/mac.ts";

const nicBody = entity(
  {
    name: text.optional(),
    interface: z.enum(["virtio", "e1000", "e1000e", "rtl8139"]).optional(),
    vnic_profile: reference.optional(),
    mac: entity({ address: text.optional() }).optional(),
    linked: bool.optional(),
    plugged: bool.optional(),
  },
  [
    "id",
    "boot_protocol",
    "description",
    "comment",
    "network",
    "on_boot",
    "reported_devices",
    "statistics",
    "synced",
    "vm",
    "network_filter_parameters",
  ],
);

const vmOf = (engine: Engine, call: Call): Vm => existing(engine.world.vms, param(call, "vm"));

const checkMac = (engine: Engine, mac: string, own?: Nic): void => {
  const taken = [...engine.world.vms.values()].some((vm) =>
    vm.nics.some((nic) => nic !== own && nic.mac.toLowerCase() === mac.toLowerCase()),
  );
  if (taken) throw conflict(`Cannot add Interface. MAC Address (${mac}) is already in use.`);
};

const checkName = (vm: Vm, name: string, own?: Nic): void => {
  if (vm.nics.some((nic) => nic !== own && nic.name === name))
    throw conflict("Cannot add Interface. Interface with the same name already exists.");
};

const checkProfile = (engine: Engine, id: string | undefined): void => {
  if (id === undefined || engine.world.vnicProfiles.has(id)) return;
  throw refused("Cannot add Interface. The specified VM network interface profile doesn't exist.");
};

const add = (engine: Engine, call: Call): Answer => {
  const vm = vmOf(engine, call);
  const body = parseBody(nicBody, call.body);
  if (body.name === undefined) throw incomplete("Nic [name] required for add");
  checkName(vm, body.name);
  checkProfile(engine, body.vnic_profile?.id);
  const mac = body.mac?.address;
  if (mac !== undefined) checkMac(engine, mac);
  const nic: Nic = {
    id: newUuid(engine.random),
    name: body.name,
    interface: "virtio",
    mac: mac ?? newMac(engine),
    linked: true,
    plugged: true,
    ...defined({
      interface: body.interface,
      linked: body.linked,
      plugged: body.plugged,
      vnicProfileId: body.vnic_profile?.id,
    }),
  };
  vm.nics.push(nic);
  engine.save();
  return created(nicResource(vm, nic));
};

const update = (engine: Engine, call: Call): Answer => {
  const vm = vmOf(engine, call);
  const nic = existingIn(vm.nics, param(call, "nic"));
  const { name, mac, vnic_profile: profile, interface: model, linked, plugged } = parseBody(nicBody, call.body);
  if (name !== undefined) checkName(vm, name, nic);
  if (mac?.address !== undefined) checkMac(engine, mac.address, nic);
  checkProfile(engine, profile?.id);
  const changes = { name, mac: mac?.address, vnicProfileId: profile?.id, interface: model, linked, plugged };
  Object.assign(nic, defined(changes) satisfies Partial<Nic>);
  engine.save();
  return ok(nicResource(vm, nic));
};

/** `/vms/ID/nics` */
export const nicRoutes = (engine: Engine): readonly Route<Handle>[] => [
  {
    method: "GET",
    pattern: "/vms/:vm/nics",
    handle: (call) => {
      const vm = vmOf(engine, call);
      return rows(
        call,
        "nic",
        vm.nics.map((nic) => nicResource(vm, nic)),
      );
    },
  },
  { method: "POST", pattern: "/vms/:vm/nics", handle: (call) => add(engine, call) },
  {
    method: "GET",
    pattern: "/vms/:vm/nics/:nic",
    handle: (call) => {
      const vm = vmOf(engine, call);
      return ok(nicResource(vm, existingIn(vm.nics, param(call, "nic"))));
    },
  },
  { method: "PUT", pattern: "/vms/:vm/nics/:nic", handle: (call) => update(engine, call) },
  {
    method: "DELETE",
    pattern: "/vms/:vm/nics/:nic",
    handle: (call) => {
      const vm = vmOf(engine, call);
      const nic = existingIn(vm.nics, param(call, "nic"));
      vm.nics = vm.nics.filter((one) => one !== nic);
      engine.save();
      return accepted();
    },
  },
];
