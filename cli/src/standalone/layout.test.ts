import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openLayout } from "./layout.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hf-"));
});
afterEach(() => rm(dir, { recursive: true }));

test("the folders are for their owner alone", async () => {
  const layout = await openLayout(join(dir, "data"), 0);
  for (const folder of [layout.dataDir, layout.controllerDir, layout.repositoryDir, layout.agentDir, layout.logsDir])
    expect((await stat(folder)).mode & 0o777, folder).toBe(0o700);
});

test("the bus keeps the port of the first start, unless another is given", async () => {
  const first = await openLayout(dir, 0);
  expect(first.natsPort).toBeGreaterThan(0);
  expect(first.busUrl).toBe(`nats://127.0.0.1:${first.natsPort}`);
  expect((await openLayout(dir, 0)).natsPort).toBe(first.natsPort);

  const other = first.natsPort === 40_001 ? 40_002 : 40_001;
  expect((await openLayout(dir, other)).natsPort).toBe(other);
  expect((await openLayout(dir, 0)).natsPort).toBe(other);
});

test("a directory that is too deep for unix sockets is refused before anything is made", async () => {
  const deep = join(dir, "d".repeat(100));
  await expect(openLayout(deep, 0)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(stat(deep)).rejects.toMatchObject({ code: "ENOENT" });
});
