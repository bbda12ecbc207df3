import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Catalog } from "../../catalog/catalog.ts";
import { isRemoved } from "../../catalog/catalog-point.ts";
import { type VerifyProgress, verifyPoint } from "../../catalog/verify-point.ts";
import { openRepositoryReader } from "../../store/open-repository-store.ts";
import { temporaryFolder } from "../../store/testing/sample-repository.ts";
import { DocumentedRepository } from "../independent-reader/open-documented.ts";
import { goldenDamage } from "./golden-damage.ts";
import { makeGolden } from "./make-golden.ts";

const golden = join(import.meta.dirname, "..", "..", "..", "golden");

const goodSchema = z.object({
  points: z.array(
    z.object({
      pointId: z.string(),
      vmId: z.string(),
      disks: z.array(z.object({ diskId: z.string(), sizeBytes: z.int(), sha256: z.string() })),
    }),
  ),
});

/** Every file below a folder by its path, as a digest. */
const filesOf = async (folder: string): Promise<Readonly<Record<string, string>>> => {
  const files: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files[relative(folder, path)] = await digestOf(path);
  }
  return files;
};

const digestOf = async (path: string): Promise<string> =>
  createHash("sha256")
    .update(await readFile(path))
    .digest("hex");

describe("golden repositories", () => {
  it("are written byte for byte as they were released", async () => {
    await using folder = await temporaryFolder();
    await makeGolden(join(folder.path, "golden"));
    expect(await filesOf(join(folder.path, "golden"))).toEqual(await filesOf(golden));
  });

  it("are restored by a reader that knows only the document", async () => {
    await using folder = await temporaryFolder();
    const { points } = goodSchema.parse(JSON.parse(await readFile(join(golden, "good.json"), "utf8")));
    const repository = await DocumentedRepository.open(join(golden, "good"));
    expect(repository.points.map(({ pointId }) => pointId)).toEqual(points.map(({ pointId }) => pointId));
    for (const { pointId, vmId, disks } of points) {
      const point = repository.points.find((one) => one.pointId === pointId);
      expect(point).toMatchObject({ vmId, vmName: `machine ${vmId} – größer` });
      for (const { diskId, sha256 } of disks) {
        const disk = point?.disks.find((one) => one.diskId === diskId);
        if (!disk) throw new Error(`${pointId} has no disk ${diskId}`);
        const image = join(folder.path, `${pointId}-${diskId}`);
        await repository.restore(disk, image);
        expect([diskId, await digestOf(image)]).toEqual([diskId, sha256]);
      }
    }
  });

  it.each(goldenDamage)("$name: $expected.harm is found where it is, and nowhere else", async ({ name, expected }) => {
    await using reader = await openRepositoryReader(join(golden, name));
    const catalog = await Catalog.load(reader);
    const found: unknown[] = [];
    for (const point of catalog.list().filter((one) => !isRemoved(one))) {
      let last: VerifyProgress | undefined;
      for await (const progress of verifyPoint(reader, point, new AbortController().signal)) last = progress;
      found.push({ pointId: point.pointId, damaged: last?.damaged });
    }
    expect({ points: found, unreadable: [...catalog.unreadable.keys()] }).toEqual({
      points: expected.points,
      unreadable: expected.unreadable,
    });
  });
});
