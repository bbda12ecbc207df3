import type { Engine } from "../engine/engine.ts";

/** A MAC address of oVirt's range that no VM of this engine has. */
export const newMac = (engine: Engine): string => {
  const used = new Set([...engine.world.vms.values()].flatMap((vm) => vm.nics.map((nic) => nic.mac)));
  for (;;) {
    const tail = [...engine.random(4)].map((byte) => byte.toString(16).padStart(2, "0"));
    const mac = ["56", "6f", ...tail].join(":");
    if (!used.has(mac)) return mac;
  }
};
