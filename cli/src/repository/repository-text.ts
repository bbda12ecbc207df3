import type { Repository } from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { factsText, tableText } from "../output/output.ts";
import { bytesText, spanText, timeText } from "../output/units.ts";

/** A bucket says so, since its storage tells no end. */
const isEndless = ({ totalBytes }: Repository): boolean => totalBytes >= BigInt(Number.MAX_SAFE_INTEGER);

const roomText = (one: Repository): string => (isEndless(one) ? "not limited" : bytesText(one.freeBytes));

/** One line a repository. */
export const repositoriesTable = (repositories: readonly Repository[]): string =>
  tableText(
    ["name", "state", "points", "stored", "free", "address"],
    repositories.map((one) => [
      one.name,
      one.state,
      String(one.points),
      bytesText(one.storedBytes),
      roomText(one),
      one.address,
    ]),
  );

/** All that is known of one repository. */
export const repositoryText = (one: Repository): string =>
  factsText([
    ["name", one.name],
    ["id", one.repositoryId],
    ["address", one.address],
    ["state", one.stateReason === "" ? one.state : `${one.state}: ${one.stateReason}`],
    ["format", `version ${one.formatVersion}, chunks of ${bytesText(one.chunkSize)}`],
    ["encryption", encryptionText(one)],
    ["epoch", String(one.epoch)],
    ["points", String(one.points)],
    ["stored", bytesText(one.storedBytes)],
    ["free", isEndless(one) ? roomText(one) : `${roomText(one)} of ${bytesText(one.totalBytes)}`],
    ...settingsFacts(one),
  ]);

const encryptionText = ({ state, encryption }: Repository): string => {
  if (encryption === "locked") return "locked: holdfast repository key unlock";
  if (encryption === "open") return "open";
  return state === "unreachable" ? "" : "none";
};
/** Nothing for a repository that cannot be asked. */
const settingsFacts = (one: Repository): readonly (readonly [string, string])[] =>
  one.clockMs === 0n
    ? []
    : [
        ["low water", `${bytesText(one.lowWaterBytes)}, and a reserve of ${bytesText(one.reserveBytes)}`],
        ["undelete period", spanText(one.undeletePeriodMs)],
        ["floor", `${one.floor} good points of each VM`],
        ["immutability", one.immutabilityMs === 0n ? "off" : spanText(one.immutabilityMs)],
        ["clock", timeText(one.clockMs)],
        ["deletion", one.deletionSuspended === "" ? "goes on" : `suspended: ${one.deletionSuspended}`],
      ];
