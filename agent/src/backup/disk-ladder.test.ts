import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { Clock } from "@holdfast/shared/clock/clock";
import { systemClock } from "@holdfast/shared/clock/clock";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import { describe, expect, it } from "vitest";
import type { Route } from "../disks/disk-reader.ts";
import type { DiskWish } from "../disks/disk-wish.ts";
import type { OpenDisk } from "../disks/open-disk.ts";
import type { PassedOver } from "../disks/passed-over.ts";
import { DiskLadder } from "./disk-ladder.ts";

const { signal } = new AbortController();
const refused = new HoldfastError("TICKET_REFUSED", "expired");
const broke = new HoldfastError("DISK_READ_FAILED", "the connection broke");
const ended = new HoldfastError("CAPTURE_ENDED", "the backup is finalizing");

type Answer = HoldfastError | { readonly route: Route; readonly passedOver?: readonly PassedOver[] };

/** A ladder whose openings go as told, one after the other. */
const openLadder = (...answers: readonly Answer[]) => {
  const wishes: (DiskWish | undefined)[] = [];
  const rests: number[] = [];
  let left = 0;
  let transfers = 1;
  const clock: Clock = {
    ...systemClock,
    sleep: async (ms) => {
      rests.push(ms);
    },
  };
  const openById = async (_diskId: string, _signal: AbortSignal, wish?: DiskWish): Promise<OpenDisk> => {
    const answer = answers[wishes.length];
    wishes.push(wish === undefined ? undefined : { ...wish, broken: new Map(wish.broken) });
    if (wish !== undefined && wish.brokenTransferId !== "") transfers += 1;
    if (answer === undefined) throw new Error("nobody expected another opening");
    if (answer instanceof HoldfastError) throw answer;
    const leave = async (): Promise<void> => {
      left += 1;
    };
    return { passedOver: [], ...answer, transferId: `t${transfers}`, leave } as unknown as OpenDisk;
  };
  const ladder = new DiskLadder("d1", { openById, clock, log: silentLogger });
  return { ladder, wishes, rests, left: () => left };
};

describe("a disk on its ladder", () => {
  it("is opened once, and tells nothing when nothing happened", async () => {
    const { ladder, wishes } = openLadder({ route: "direct" });
    expect(await ladder.use(signal)).toBe(await ladder.use(signal));
    expect(wishes).toEqual([undefined]);
    expect(ladder.remarks).toEqual([]);
  });

  it("names the transfer that was refused, lets go of the way to it first, and tells it", async () => {
    const { ladder, wishes, left } = openLadder({ route: "direct" }, { route: "direct" });
    await ladder.use(signal);
    await ladder.mend(refused, signal);
    expect(left()).toBe(1);
    expect(wishes[1]).toEqual({ brokenTransferId: "t1", broken: new Map() });
    expect(ladder.remarks).toEqual([
      { code: "TRANSFER_RENEWED", message: expect.stringContaining("expired") as string, diskId: "d1" },
    ]);
  });

  it("looks for a way that broke again with the same transfer, and goes by another when it breaks again", async () => {
    const passedOver = [{ route: "direct", reason: "the connection broke", isPlanned: false }] as const;
    const { ladder, wishes, rests } = openLadder(
      { route: "direct" },
      { route: "direct" },
      { route: "proxy", passedOver },
    );
    await ladder.use(signal);
    await ladder.mend(broke, signal);
    await ladder.mend(broke, signal);
    expect(wishes.slice(1)).toEqual([
      { brokenTransferId: "", broken: new Map() },
      { brokenTransferId: "", broken: new Map([["direct", "the connection broke"]]) },
    ]);
    expect(rests).toEqual([0, 500]);
    expect(ladder.remarks).toEqual([
      { code: "ROUTE_FELL_BACK", message: expect.stringContaining("route proxy") as string, diskId: "d1" },
    ]);
    expect(ladder.routeReason).toBe("direct: the connection broke");
  });

  it("by a better way than before tells why other ways were passed over as history, not of the present one", async () => {
    const passedOver = [
      { route: "direct", reason: "it does not answer", isPlanned: false },
      { route: "stream", reason: "no other agent lends the disk", isPlanned: true },
    ] as const;
    const { ladder } = openLadder({ route: "proxy", passedOver }, { route: "direct" });
    await ladder.use(signal);
    await ladder.mend(refused, signal);
    expect(ladder.routeReason).toBe("");
    expect(ladder.remarks.find(({ code }) => code === "ROUTE_FELL_BACK")?.message).toBe(
      "ways to the disk did not answer, or broke: direct: it does not answer; it was last read by route direct",
    );
  });

  it("tells of no fresh transfer where there was none before: what failed was the opening", async () => {
    const away = new HoldfastError("ENGINE_UNREACHABLE", "the engine is away");
    const { ladder } = openLadder(away, away, { route: "direct" }, { route: "direct" });
    await ladder.use(signal);
    expect(ladder.remarks).toEqual([]);
    await ladder.mend(refused, signal);
    expect(ladder.remarks).toMatchObject([{ code: "TRANSFER_RENEWED" }]);
    expect(ladder.remarks[0]?.message).toContain("broke once, first with: expired");
  });

  it("counts a transfer that broke once, whatever the opening of the next one met", async () => {
    const away = new HoldfastError("ENGINE_UNREACHABLE", "the engine is away");
    const { ladder } = openLadder({ route: "direct" }, away, away, { route: "direct" });
    await ladder.use(signal);
    await ladder.mend(refused, signal);
    expect(ladder.remarks[0]?.message).toContain("broke once, first with: expired");
  });

  it("takes the transfer that a failed opening names, and rests longer while nothing comes of it", async () => {
    const dead = new HoldfastError("TICKET_REFUSED", "none", { details: { transferId: "t9" } });
    const { ladder, wishes, rests } = openLadder(dead, dead, { route: "direct" });
    await ladder.use(signal);
    expect(wishes.map((wish) => wish?.brokenTransferId)).toEqual([undefined, "t9", "t9"]);
    expect(rests).toEqual([0, 500]);
    ladder.progressed();
  });

  it("is given up when its capture ended, and when no opening helped", async () => {
    const over = openLadder({ route: "direct" }, ended);
    await over.ladder.use(signal);
    await expect(over.ladder.mend(refused, signal)).rejects.toBe(ended);

    const hopeless = openLadder(refused, refused, refused, refused, refused);
    await expect(hopeless.ladder.use(signal)).rejects.toBe(refused);
    expect(hopeless.rests).toEqual([0, 500, 2_000, 5_000]);
  });
});
