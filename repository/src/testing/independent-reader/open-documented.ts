import { open } from "node:fs/promises";
import { join } from "node:path";
import { require } from "./bytes.ts";
import { readKeys, type Secret } from "./keys.ts";
import { Packs } from "./packs.ts";
import { readPlans, readQuarantine } from "./plans.ts";
import type { ManifestDisk, Point } from "./point.ts";
import { numberOf, readSmallObject, textOf } from "./small-object.ts";
import { Tasks } from "./tasks.ts";
import { chunksOf } from "./tree.ts";

/** A repository on a bare directory, read by nothing but what `docs/design/repository-format.md` says. */
export class DocumentedRepository {
  readonly #packs: Packs;
  readonly #chunkSize: number;
  /** All restore points that count, in the order of their ids. */
  readonly points: readonly Point[];

  private constructor(packs: Packs, chunkSize: number, points: readonly Point[]) {
    this.#packs = packs;
    this.#chunkSize = chunkSize;
    this.points = points;
  }

  /** Points first, then what they name (I11). */
  static async open(root: string, secret?: Secret): Promise<DocumentedRepository> {
    const descriptor = await readSmallObject(join(root, "descriptor"), "descriptor");
    require(numberOf(descriptor, "formatVersion") === 1, "the format");
    require((descriptor["encryption"] === null) ===
      (secret === undefined), "a secret for what is encrypted, and only that");
    const repositoryId = textOf(descriptor, "repositoryId");
    const terms = { repositoryId, keys: secret && (await readKeys(root, descriptor, secret)) };
    const tasks = new Tasks(root, terms, await readPlans(root, repositoryId));
    const points: Point[] = [];
    for (const id of await tasks.ids()) {
      const point = await tasks.point(id);
      if (point) points.push(point);
    }
    // Again, after the points: what was condemned since is not looked into.
    const { packs: condemned } = await readPlans(root, repositoryId);
    const packs = await Packs.open(root, terms, { condemned, quarantine: await readQuarantine(root) });
    return new DocumentedRepository(packs, numberOf(descriptor, "chunkSize"), points);
  }

  /** Writes a disk's content to a new file, holes where it is zero; throws at the first chunk that cannot be had. */
  async restore({ sizeBytes, root }: ManifestDisk, path: string): Promise<void> {
    await using file = await open(path, "wx");
    await file.truncate(sizeBytes);
    let position = 0;
    for await (const id of chunksOf(this.#packs, Buffer.from(root, "hex"), Math.ceil(sizeBytes / this.#chunkSize))) {
      const start = position * this.#chunkSize;
      const chunk = id && (await this.#packs.read(1, id, this.#chunkSize));
      if (chunk) await file.write(chunk, 0, Math.min(this.#chunkSize, sizeBytes - start), start);
      position += 1;
    }
  }
}
