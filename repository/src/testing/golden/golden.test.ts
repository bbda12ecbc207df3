import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Catalog } from "../../catalog/catalog.ts";
import { isRemoved } from "../../catalog/catalog-point.ts";
import { type VerifyProgress, verifyPoint } from "../../catalog/verify-point.ts";
import { openRepositoryReader } from "../../store/open-repository-store.ts";
import { inlineThreads } from "../../store/testing/inline-threads.ts";
import { temporaryFolder } from "../../store/testing/sample-repository.ts";
import { DocumentedRepository } from "../independent-reader/open-documented.ts";
import { type GoldenName, goldenDamage } from "./golden-damage.ts";
import { makeGolden } from "./make-golden.ts";

const golden = join(import.meta.dirname, "..", "..", "..", "golden");

const goodSchema = z.object({
  /** Of the sealed one. */
  password: z.string().optional(),
  recoveryKey: z.string().optional(),
  points: z.array(
    z.object({
      pointId: z.string(),
      vmId: z.string(),
      disks: z.array(z.object({ diskId: z.string(), sizeBytes: z.int(), sha256: z.string() })),
    }),
  ),
});

type Good = z.output<typeof goodSchema>;

const readGood = async (name: GoldenName): Promise<Good> =>
  goodSchema.parse(JSON.parse(await readFile(join(golden, `${name}.json`), "utf8")));

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

  it.each([
    ["that is plain", "good", () => undefined],
    ["that is sealed, by its password", "sealed", ({ password = "" }: Good) => ({ password })],
    ["that is sealed, by its recovery key", "sealed", ({ recoveryKey = "" }: Good) => ({ recoveryKey })],
  ] as const)("one %s is restored by a reader that knows only the document", async (_, name, secretOf) => {
    await using folder = await temporaryFolder();
    const good = await readGood(name);
    const { points } = good;
    const repository = await DocumentedRepository.open(join(golden, name), secretOf(good));
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

  it("the sealed one opens with neither the password of before nor a changed recovery key", async () => {
    const { recoveryKey = "" } = await readGood("sealed");
    const root = join(golden, "sealed");
    const other = recoveryKey.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
    await expect(DocumentedRepository.open(root, { password: "a password of before" })).rejects.toThrow(
      "no list of keys",
    );
    await expect(DocumentedRepository.open(root, { recoveryKey: other })).rejects.toThrow("a recovery key's checksum");
  });

  it("what is damaged in the sealed one is not restored by that reader, and what is not is", async () => {
    await using folder = await temporaryFolder();
    const { password = "" } = await readGood("sealed");
    const repository = await DocumentedRepository.open(join(golden, "sealed-chunk-flipped"), { password });
    const [system, scratch] = repository.points[0]?.disks ?? [];
    if (!system || !scratch) throw new Error("a1 has no disks");
    await expect(repository.restore(system, join(folder.path, "system"))).rejects.toThrow("no sound record");
    await repository.restore(scratch, join(folder.path, "scratch"));
  });

  it.each(goldenDamage)(
    "$name: $expected.harm is found where it is, and nowhere else",
    async ({ name, of, expected }) => {
      const { password } = await readGood(of);
      const proof = password === undefined ? undefined : ({ kind: "password", password } as const);
      await using reader = await openRepositoryReader(join(golden, name), { proof, threads: inlineThreads });
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
    },
  );
});
