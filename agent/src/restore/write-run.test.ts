import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WriteRun } from "./write-run.ts";

describe("gathering chunks into writes", () => {
  it("writes every byte to its place, in no more writes than gaps and full buffers make", async () => {
    const chunk = 16;
    const piece = fc.record({ gap: fc.integer({ min: 0, max: 2 }), filled: fc.integer({ min: 1, max: chunk }) });
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
        const expected = Buffer.alloc(4096);
        const disk = Buffer.alloc(4096);
        let writes = 0;
        const run = new WriteRun(4 * chunk, async (start, bytes) => {
          expect(bytes.byteLength).toBeLessThanOrEqual(4 * chunk);
          disk.set(bytes, start);
          writes += 1;
        });
        let position = 0;
        let gaps = 0;
        for (const { gap, filled } of pieces) {
          position += gap;
          gaps += Number(gap > 0);
          expected.fill(position + 1, position * chunk, position * chunk + filled);
          await run.add(position * chunk, expected.subarray(position * chunk, position * chunk + filled), chunk);
          position += 1;
        }
        await run.flush();
        expect(disk.equals(expected)).toBe(true);
        expect(writes).toBeLessThanOrEqual(gaps + Math.ceil(pieces.length / 4) + 1);
      }),
    );
  });
});
