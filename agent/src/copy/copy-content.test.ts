import { describe, expect, it } from "vitest";
import { ProgressBoard } from "../claims/progress-board.ts";
import { benchBackUp } from "../testing/backup-bench.ts";
import {
  benchCopy,
  bytesOf,
  expectRestored,
  fullDisk as full,
  halfFilledDisk as makeDisk,
  pointOf,
} from "../testing/copy-bench.ts";
import { openRepositoryProcess, type RepositoryWish } from "../testing/repository-process.ts";

const MiB = 1024 * 1024;
const KiB = 1024;

let tasks = 0;
const attempt = () => ({ taskId: `t${(tasks += 1)}`, number: 1, attemptId: "a" });

describe("copying between repositories that keep chunks differently", () => {
  it.each<[string, RepositoryWish, RepositoryWish]>([
    ["that has smaller chunks and is encrypted", {}, { chunkSize: 256 * KiB, isEncrypted: true }],
    ["with larger chunks from one that is encrypted", { isEncrypted: true }, { chunkSize: 4096 * KiB }],
  ])("to one %s, content and names come over", async (_, source, target) => {
    const open = (wish: RepositoryWish) => openRepositoryProcess(undefined, wish);
    const [from, to] = await Promise.all([open(source), open(target)]);
    await using _from = from;
    await using _to = to;
    const disk = makeDisk("one", 5 * MiB + 512);
    const { pointId } = await benchBackUp(from, { attempt: attempt(), disks: [full("d1", disk)] });
    const copied = await benchCopy({ attempt: attempt(), pointId, from, to });
    await expectRestored(to, copied, { d1: disk });
    const { manifest } = await pointOf(to, copied);
    expect(manifest.sealed).toEqual((await pointOf(from, pointId)).manifest.sealed);

    if (to.keys === undefined) return;
    const again = new ProgressBoard();
    await benchCopy({ attempt: attempt(), pointId, from, to, board: again });
    expect(bytesOf(again).stored).toBe(0);
  });
});
