import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { ErrorCode } from "@holdfast/shared/errors/codes";
import { describe, expect, it } from "vitest";
import type { RecordLocation } from "../store/repository-store.ts";
import { judgeAt } from "./judge-record.ts";

const location: RecordLocation = {
  kind: "chunk",
  id: new Uint8Array(32).fill(7),
  pack: "packs/00000001/00000/0000000100000002",
  offset: 64,
  plainLength: 10,
  storedLength: 10,
  level: 0,
};

/** A store whose readings end so, one after another; undefined reads well. */
const reading = (...ends: readonly (ErrorCode | undefined)[]) => {
  const left = [...ends];
  return {
    left,
    verifyAt: () => {
      const code = left.shift();
      return code === undefined ? Promise.resolve() : Promise.reject(new HoldfastError(code, "read"));
    },
  };
};

describe("a record", () => {
  it("is damaged when its bytes were wrong twice, and not when they were once", async () => {
    expect(await judgeAt(reading("CHUNK_DAMAGED", "CHUNK_DAMAGED"), location)).toMatchObject({
      verdict: "damaged",
      at: { epoch: 1, sequence: 2, offset: 64, kind: "chunk" },
    });
    expect(await judgeAt(reading("CHUNK_DAMAGED", undefined), location)).toEqual({ verdict: "sound" });
    expect(await judgeAt(reading(undefined), location)).toEqual({ verdict: "sound" });
  });

  it("is missing when it was not there the second time, whatever it was before", async () => {
    expect(await judgeAt(reading("CHUNK_MISSING", "CHUNK_MISSING"), location)).toMatchObject({ verdict: "missing" });
    expect(await judgeAt(reading("CHUNK_DAMAGED", "CHUNK_MISSING"), location)).toMatchObject({ verdict: "missing" });
  });

  it("is nothing of that while the storage does not answer", async () => {
    await expect(judgeAt(reading("IO_FAILED"), location)).rejects.toMatchObject({ code: "IO_FAILED" });
    await expect(judgeAt(reading("CHUNK_DAMAGED", "IO_FAILED"), location)).rejects.toMatchObject({ code: "IO_FAILED" });
  });
});
