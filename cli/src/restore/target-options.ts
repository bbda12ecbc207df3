import type { Command } from "commander";

/** Where a restore goes; what is not given is where the point came from. */
export interface TargetOptions {
  readonly manager?: string;
  readonly cluster?: string;
  readonly storageDomain?: string;
}

/** Adds the options of a restore's target. */
export const withTargetOptions = (command: Command): Command =>
  command
    .option("--manager <manager>", "manager to restore to; the point's own unless given")
    .option("--cluster <cluster>", "cluster to restore to; the point's own unless given")
    .option("--storage-domain <name>", "storage domain for the disks; the first with room unless given");

/** The request's part. */
export const targetOf = (options: TargetOptions): { manager: string; cluster: string; storageDomain: string } => ({
  manager: options.manager ?? "",
  cluster: options.cluster ?? "",
  storageDomain: options.storageDomain ?? "",
});
