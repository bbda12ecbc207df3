import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { InlineThread } from "@holdfast/shared/threads/inline-thread";
import { describe, expect, it } from "vitest";
import type { DiskAccess } from "../disks/disk-access.ts";
import type { OpenDisk } from "../disks/open-disk.ts";
import { type LaneCalls, LanePool } from "../lanes/lane-pool.ts";
import { DiskLanes } from "./disk-lanes.ts";
import type { LaneAnswer, LaneRequest } from "./lane-messages.ts";

const { signal } = new AbortController();
const answered: LaneAnswer = { ids: new Uint8Array(32), stored: 0, packedBytes: 0 };
const refused = new HoldfastError("TICKET_REFUSED", "expired");
const runOf = (first: number): LaneRequest => ({ kind: "back-up", first, count: 1, known: new Uint8Array(32) });

/** An open disk of which only the number of its opening matters. */
const opening = (number: number): OpenDisk =>
  ({ access: { kind: "image", source: { endpoint: { origin: String(number) } } } }) as unknown as OpenDisk;

/** Two lanes that read one disk, whose reads of a run on an opening go as `read` says. */
const openLanes = (read: (first: number, number: number) => void) => {
  const open = new Set<number>();
  const done: number[] = [];
  const mends: { readonly code: string; readonly stillOpen: number }[] = [];
  let lanes = 0;
  let opened = 1;
  const openLane = () => {
    const lane = (lanes += 1);
    let number = 0;
    const work = async (request: LaneRequest): Promise<LaneAnswer> => {
      await Promise.resolve();
      if (request.kind === "open-disk") {
        number = Number((request.access as DiskAccess & { kind: "image" }).source.endpoint.origin);
        open.add(lane);
      } else if (request.kind === "close-disk") open.delete(lane);
      else {
        read(request.first, number);
        done.push(request.first);
      }
      return answered;
    };
    return new InlineThread<LaneCalls<LaneRequest, LaneAnswer>>({ work });
  };
  const pool = new LanePool<LaneRequest, LaneAnswer>(openLane, 2);
  const disk = new DiskLanes({
    pool,
    lanesOf: () => 2,
    use: async () => opening(opened),
    mend: async (fault) => {
      mends.push({ code: fault.code, stillOpen: open.size });
      if (opened === 3) throw fault;
      opened += 1;
      return opening(opened);
    },
    progressed: () => undefined,
  });
  const readAll = (): Promise<readonly LaneAnswer[]> =>
    disk.during(async () => {
      const answers: Promise<LaneAnswer>[] = [];
      for (let first = 0; first < 12; first += 1) answers.push((await disk.submit(runOf(first), signal)).answer);
      return await Promise.all(answers);
    }, signal);
  return { readAll, done, mends };
};

describe("the lanes of a disk that breaks", () => {
  it("let go of it before it is mended, once for all, and do again only what was not done", async () => {
    const lanes = openLanes((first, number) => {
      if (number === 1 && first >= 3) throw refused;
    });
    expect(await lanes.readAll()).toHaveLength(12);
    expect(lanes.mends).toEqual([{ code: "TICKET_REFUSED", stillOpen: 0 }]);
    expect([...lanes.done].sort((left, right) => left - right)).toEqual(
      Array.from({ length: 12 }, (_, first) => first),
    );
  });

  it("mend it again when it breaks again", async () => {
    const lanes = openLanes((first, number) => {
      if (first >= 3 * number && number < 3) throw refused;
    });
    expect(await lanes.readAll()).toHaveLength(12);
    expect(lanes.mends).toHaveLength(2);
    expect(lanes.done).toHaveLength(12);
  });

  it("end with the fault when nothing mends it, and with anything else at once", async () => {
    const hopeless = openLanes(() => {
      throw refused;
    });
    await expect(hopeless.readAll()).rejects.toBe(refused);
    expect(hopeless.mends).toHaveLength(3);

    const away = new HoldfastError("UNAVAILABLE", "the repository is away");
    const other = openLanes(() => {
      throw away;
    });
    await expect(other.readAll()).rejects.toBe(away);
    expect(other.mends).toEqual([]);
  });
});
