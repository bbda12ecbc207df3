import type { CleanedThing, Cleaning, LeftThing } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { tableText } from "../output/output.ts";
import { timeText } from "../output/units.ts";

/** What was cleaned up on a manager lately, and what is left there and why. */
export const cleaningText = (cleaning: Cleaning): string => {
  const { cleaned, failed, left, moreFailed, moreLeft } = cleaning;
  return [
    headText(cleaning),
    ...(cleaned.length === 0 ? [] : [cleanedTable(cleaned)]),
    ...(failed.length === 0 ? [] : ["cannot be cleaned up yet, and is tried again:", leftTable(failed)]),
    ...moreText(moreFailed),
    ...(left.length === 0 ? [] : ["is left alone on purpose:", leftTable(left)]),
    ...moreText(moreLeft),
  ].join("\n");
};

const moreText = (more: number): string[] => (more === 0 ? [] : [`  and ${more} more`]);

const headText = ({ lookedMs, failure, ending }: Cleaning): string => {
  if (lookedMs === 0n) return "clean-up   not looked since the controller started";
  const looked = `clean-up   looked ${timeText(lookedMs)}`;
  if (failure !== "") return `${looked}, in vain: ${failure}`;
  if (ending === 0) return looked;
  return `${looked}, ${ending === 1 ? "1 thing is ending by itself" : `${ending} things are ending by themselves`}`;
};

const nameOf = ({ vmName, vmId }: CleanedThing | LeftThing): string => (vmName === "" ? vmId : vmName);

const cleanedTable = (things: readonly CleanedThing[]): string =>
  tableText(
    ["  done", "object", "VM", "at"],
    things.map((one) => [`  ${one.what}`, one.objectId, nameOf(one), timeText(one.atMs)]),
  );

const leftTable = (things: readonly LeftThing[]): string =>
  tableText(
    ["  what", "object", "VM", "since", "tries", "why"],
    things.map((one) => [
      `  ${one.what}`,
      one.objectId,
      nameOf(one),
      timeText(one.sinceMs),
      String(one.tries),
      one.code === "" ? one.reason : `${one.reason} (${one.code})`,
    ]),
  );
