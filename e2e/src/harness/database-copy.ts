import { cp, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { freeze, thaw } from "./freeze.ts";
import type { Installation } from "./installation.ts";

/** The files of the controller's database: itself and what SQLite keeps beside it. */
const listFiles = async (directory: string): Promise<readonly string[]> =>
  (await readdir(directory)).filter((name) => name.startsWith("controller.db"));

/** Copies the database of a controller that stands still for the moment. */
export const copyDatabase = async ({ controller, controllerDir }: Installation, to: string): Promise<void> => {
  await mkdir(to, { recursive: true });
  await freeze(controller);
  for (const name of await listFiles(controllerDir)) await cp(join(controllerDir, name), join(to, name));
  thaw(controller);
};

/** Kills the controller and takes its database away; the installation's id and key stay. */
export const loseDatabase = async ({ controller, controllerDir }: Installation): Promise<void> => {
  await controller.kill();
  for (const name of await listFiles(controllerDir)) await rm(join(controllerDir, name));
};

/** Kills the controller, puts a copy of its database in place and starts it. */
export const putBackDatabase = async (installation: Installation, from: string): Promise<void> => {
  await loseDatabase(installation);
  for (const name of await listFiles(from)) await cp(join(from, name), join(installation.controllerDir, name));
  await installation.controller.start();
};
