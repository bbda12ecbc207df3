import type { Repository } from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { factsText, tableText } from "../output/output.ts";
import { bytesText } from "../output/units.ts";

/** One line a repository. */
export const repositoriesTable = (repositories: readonly Repository[]): string =>
  tableText(
    ["name", "state", "points", "stored", "free", "address"],
    repositories.map((one) => [
      one.name,
      one.state,
      String(one.points),
      bytesText(one.storedBytes),
      bytesText(one.freeBytes),
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
    ["free", `${bytesText(one.freeBytes)} of ${bytesText(one.totalBytes)}`],
  ]);

const encryptionText = ({ state, encryption }: Repository): string => {
  if (encryption === "locked") return "locked: holdfast repository key unlock";
  if (encryption === "open") return "open";
  return state === "unreachable" ? "" : "none";
};
