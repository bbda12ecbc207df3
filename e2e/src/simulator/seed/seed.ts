import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Engine } from "../engine/engine.ts";
import { addTemplates } from "./configured-template.ts";
import { addConfiguredVm } from "./configured-vm.ts";
import { seedInventory } from "./seed-inventory.ts";

const markerOf = (stateDir: string): string => join(stateDir, "seeded");

/** True when the directory holds everything that the configuration describes: it is not read for objects again. */
export const isSeeded = (stateDir: string): boolean => existsSync(markerOf(stateDir));

/** Takes away what a first start left that did not come to its end. */
export const wipe = async (stateDir: string): Promise<void> => {
  await rm(join(stateDir, "world.json"), { force: true });
  for (const folder of ["volumes", "vms"]) await rm(join(stateDir, folder), { recursive: true, force: true });
  await mkdir(stateDir, { recursive: true });
};

/** Makes what the configuration describes: the first start. */
export const seed = async (engine: Engine, stateDir: string): Promise<void> => {
  seedInventory(engine.world, engine.config);
  await addTemplates(engine, stateDir);
  for (const vm of engine.config.vms) await addConfiguredVm(engine, vm, stateDir);
  engine.save();
  await writeFile(markerOf(stateDir), "");
};
