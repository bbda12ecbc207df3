import { describe, expect, it } from "vitest";
import { chunksPerRun, lanesFor, shareRoom } from "./lane-room.ts";

const MiB = 1024 * 1024;

describe("the room of lanes", () => {
  it("is a share of the process's budget, so that full slots stay within it (R7)", () => {
    const room = shareRoom(256 * MiB, 2, 2);
    expect(room.laneBytes * room.lanes * 2).toBeLessThanOrEqual(256 * MiB);
    expect(chunksPerRun(room, MiB) * MiB * 3).toBeLessThanOrEqual(room.laneBytes);
    expect(chunksPerRun(shareRoom(32 * MiB, 8, 4), 4 * MiB)).toBe(1);
  });

  it("is used as far as the work, the ticket and the orders allow", () => {
    const room = shareRoom(256 * MiB, 1, 4);
    expect(lanesFor(room, { asked: 0, connections: 8, requests: 100 })).toBe(4);
    expect(lanesFor(room, { asked: 9, connections: 2, requests: 100 })).toBe(2);
    expect(lanesFor(room, { asked: 3, connections: 8, requests: 2 })).toBe(1);
    expect(lanesFor(room, { asked: 3, connections: 8, requests: 0 })).toBe(1);
  });
});
