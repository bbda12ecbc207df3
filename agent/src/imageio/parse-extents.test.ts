import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Extent } from "../disks/extent.ts";
import { parseExtents } from "./parse-extents.ts";

const parse = async (text: string, cuts: readonly number[], context: "zero" | "dirty" = "dirty"): Promise<Extent[]> => {
  const ends = [...new Set([...cuts.map((cut) => cut % (text.length + 1)), text.length])].sort(
    (left, right) => left - right,
  );
  async function* pieces(): AsyncGenerator<Uint8Array> {
    let from = 0;
    for (const end of ends) {
      yield Buffer.from(text.slice(from, end));
      from = end;
    }
  }
  return (await Array.fromAsync(parseExtents(pieces(), context))).flat();
};

describe("imageio's list of extents", () => {
  it("is read alike however it is cut and spaced", async () => {
    const extent = fc.record({
      start: fc.nat(),
      length: fc.integer({ min: 1, max: 2 ** 40 }),
      zero: fc.boolean(),
      dirty: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(extent, { maxLength: 30 }),
        fc.array(fc.nat()),
        fc.constantFrom(0, 1, 2),
        async (extents, cuts, indent) => {
          expect(await parse(JSON.stringify(extents, null, indent), cuts)).toEqual(extents);
        },
      ),
    );
  });

  it("counts what lacks its flags as data that changed", async () => {
    expect(await parse('[{"start":0,"length":9}]', [])).toEqual([{ start: 0, length: 9, zero: false, dirty: true }]);
    expect(await parse('[{"start":0,"length":9,"hole":true}]', [], "zero")).toEqual([
      { start: 0, length: 9, zero: false, dirty: false },
    ]);
  });

  it.each([
    "",
    "[",
    '[{"start":0,"length":1}',
    '{"start":0,"length":1}',
    '[{"start":0,"length":1}]]',
    '[{"start":-1,"length":1}]',
    '[{"start":0,"length":1} {"start":1,"length":1}]',
    "[,]",
    `[{"start":0,${" ".repeat(9000)}`,
  ])("refuses %s", async (text) => {
    await expect(parse(text, [])).rejects.toMatchObject({ code: "ENGINE_PROTOCOL" });
  });
});
