import type { Repository, VerificationCoverage } from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { factsText, tableText } from "../output/output.ts";
import { storeCallsText } from "./store-calls-text.ts";
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
export const repositoryText = (one: Repository): string => [repositoryFacts(one), ...storeCallsText(one)].join("\n\n");

const repositoryFacts = (one: Repository): string =>
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
    ["growth", growthText(one)],
    ["read back", one.coverage === undefined ? undefined : coverageText(one.coverage)],
    ["hurt points", one.hurtPoints === 0 ? undefined : `${one.hurtPoints} (repository hurt ${one.name} lists them)`],
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

/** `2 GiB a day, full in about 90 days` */
const growthText = (one: Repository): string => {
  const { growthBytesPerDay, freeBytes } = one;
  if (growthBytesPerDay <= 0n) return "none in the last 30 days";
  if (isEndless(one)) return `${bytesText(growthBytesPerDay)} a day`;
  return `${bytesText(growthBytesPerDay)} a day, full in about ${freeBytes / growthBytesPerDay} days`;
};

/** How much was read back within 30 days, and what is late. */
const coverageText = ({ readBytes, freshBytes, overdueBytes, withinDays }: VerificationCoverage): string => {
  const all = readBytes + freshBytes + overdueBytes;
  const percent = (bytes: bigint): string => `${all === 0n ? 0n : (bytes * 100n) / all} %`;
  const own = withinDays === 0 ? "the repository does not verify by itself" : `all of it every ${withinDays} days`;
  const late = overdueBytes === 0n ? "" : `, ${percent(overdueBytes)} OVERDUE`;
  return `${all === 0n ? "100 %" : percent(readBytes)} within 30 days, ${percent(freshBytes)} newer and not due${late}; ${own}`;
};
