import { startProcess } from "@holdfast/shared/process/child-process";
import { programArguments } from "./programs.ts";
import type { TestRun } from "./test-run.ts";

/** A point to write into files. */
interface ExportedPoint {
  readonly run: TestRun;
  readonly repositoryDir: string;
  readonly pointId: string;
  /** Gets a file `<disk id>.raw` for each disk. */
  readonly directory: string;
}

/** Reads a point from the bare folder of its repository, as one does when everything else is gone; a running server is not disturbed. */
export const exportPoint = async ({ run, repositoryDir, pointId, directory }: ExportedPoint): Promise<void> => {
  const told: string[] = [];
  await using program = await startProcess({
    name: "export",
    command: process.execPath,
    args: [
      ...programArguments("repository/cli"),
      "export",
      repositoryDir,
      pointId,
      "--all",
      "--to",
      directory,
      "--force",
    ],
    env: run.env,
    onLine: (line) => told.push(line),
  });
  const exit = await program.exited;
  if (exit.code !== 0)
    throw new Error(`exporting point ${pointId} ended with ${JSON.stringify(exit)}: ${told.join("\n")}`);
};
