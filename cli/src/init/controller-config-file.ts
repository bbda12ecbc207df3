import { stat } from "node:fs/promises";
import { join } from "node:path";
import { writeFileDurably } from "@holdfast/shared/identity/durable-file";
import { stringify } from "yaml";

/** What the controller is told beside what it finds in its data folder. */
export interface ControllerSettings {
  readonly listen: string;
  readonly timeZone: string | undefined;
}

/** Writes the controller's configuration beside its data, unless there is one; its path. */
export const writeControllerConfig = async (
  dataDir: string,
  { listen, timeZone }: ControllerSettings,
): Promise<string> => {
  const path = join(dataDir, "controller.yaml");
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (isThere) return path;
  const settings = { dataDir, rpc: { listen: [listen] }, ...(timeZone === undefined ? {} : { timeZone }) };
  await writeFileDurably(path, stringify(settings), 0o600);
  return path;
};
