import { toIso } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { SealedPart } from "@holdfast/shared/format/manifest-schema";
import { Command } from "commander";
import type { CatalogPoint } from "../../catalog/catalog-point.ts";
import { type CommandContext, type FolderOptions, openDirectory } from "../context.ts";
import { type Format, toSize, toTable, writeLine } from "../output.ts";
import { toJson } from "./list.ts";
import { addKeyOptions, formatOption, indexOption, locationHelp } from "./options.ts";

interface ShowOptions extends FolderOptions {
  readonly output: Format;
  readonly ovf?: boolean;
}

/** `show DIR POINT`: one point with its disks, or its OVF. */
export const showCommand = (context: CommandContext): Command =>
  addKeyOptions(new Command("show"))
    .description("show one restore point")
    .argument("<location>", locationHelp)
    .argument("<point>", "id of the point")
    .addOption(formatOption())
    .addOption(indexOption())
    .option("--ovf", "print the VM's saved OVF instead")
    .action(async (directory: string, pointId: string, options: ShowOptions) => {
      await using opened = await openDirectory(directory, options, context, "points");
      const point = opened.catalog.require(pointId);
      const stored = await opened.reader.readPoint(pointId);
      if (!stored) throw new HoldfastError("POINT_NOT_FOUND", `no point ${pointId}`);
      const { sealed } = stored.manifest;
      if (options.ovf === true) {
        if (sealed === undefined) throw new HoldfastError("KEY_MISSING", `the OVF of point ${pointId} is sealed`);
        await writeLine(context.terminal.stdout, sealed.ovf);
        return;
      }
      const json = (): string => JSON.stringify({ ...toJson(point), ...sealedFacts(sealed) }, null, 2);
      const text = (): string => [toText(point), ...(sealed === undefined ? [sealedText] : [])].join("\n");
      await writeLine(context.terminal.stdout, options.output === "json" ? json() : text());
    });

const sealedText = "names and configuration are sealed: --password-file or --recovery-key-file opens them";

const sealedFacts = (sealed: SealedPart | undefined): { readonly configuration: unknown; readonly sealed?: true } => {
  if (sealed === undefined) return { configuration: null, sealed: true };
  return { configuration: sealed.configurationJson === "" ? null : JSON.parse(sealed.configurationJson) };
};

const decided = ({ marked, immutableUntilMs }: CatalogPoint): readonly (readonly [string, string])[] => {
  const facts: [string, string][] = [];
  if (immutableUntilMs !== undefined) facts.push(["immutable", `until ${toIso(immutableUntilMs)}`]);
  if (marked.protected !== null)
    facts.push(["protected", `${toIso(marked.protected.atMs)} ${marked.protected.reason}`]);
  if (marked.removed !== null) facts.push(["removed", `${toIso(marked.removed.atMs)} ${marked.removed.reason}`]);
  return facts;
};

const toText = (point: CatalogPoint): string => {
  const { statistics } = point;
  const facts = [
    ["point", point.pointId],
    ["vm", `${point.vmName} (${point.vm.vmId} of ${point.vm.engineInstanceId})`],
    ["job", `${point.jobName} (${point.jobId})`],
    ["captured", toIso(point.capturedMs)],
    ["committed", toIso(point.committedMs)],
    ["base", point.basePointId ?? "none"],
    ["planned", toSize(statistics.plannedBytes)],
    ["zero", toSize(statistics.zeroBytes)],
    ["unchanged", toSize(statistics.unchangedBytes)],
    ["deduplicated", toSize(statistics.deduplicatedBytes)],
    ["stored", `${toSize(statistics.storedBytes)} in ${toSize(statistics.packedBytes)} of packs`],
    ...decided(point),
  ] as const;
  const disks = toTable(
    ["DISK", "ALIAS", "SIZE", "MODE", "REASON"],
    point.disks.map(({ diskId, alias, sizeBytes, mode, reason }) => [diskId, alias, toSize(sizeBytes), mode, reason]),
  );
  const damage = (point.marked.verified?.damaged ?? []).map(
    ({ diskId, firstPosition, count, code }) => `damaged: disk ${diskId} chunks ${firstPosition}+${count} ${code}`,
  );
  return [...facts.map(([name, value]) => `${name.padEnd(14)}${value}`), "", disks, ...damage].join("\n");
};
