import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openLayout } from "./layout.ts";
import { parseOwnListen } from "./own-addresses.ts";

const anyPorts = { natsPort: 0, listen: parseOwnListen(undefined) };
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hf-"));
});
afterEach(() => rm(dir, { recursive: true }));

test("the folders are for their owner alone", async () => {
  const layout = await openLayout(join(dir, "data"), anyPorts);
  for (const folder of [layout.dataDir, layout.controllerDir, layout.repositoryDir, layout.agentDir, layout.logsDir])
    expect((await stat(folder)).mode & 0o777, folder).toBe(0o700);
});

test("the bus keeps the port of the first start, unless another is given", async () => {
  const first = await openLayout(dir, anyPorts);
  expect(first.natsPort).toBeGreaterThan(0);
  expect(first.busUrl).toBe(`tls://127.0.0.1:${first.natsPort}`);
  expect((await openLayout(dir, anyPorts)).natsPort).toBe(first.natsPort);

  const other = first.natsPort === 40_001 ? 40_002 : 40_001;
  expect((await openLayout(dir, { ...anyPorts, natsPort: other })).natsPort).toBe(other);
  expect((await openLayout(dir, anyPorts)).natsPort).toBe(other);
});

test("the API keeps its port too, also beside a file of the time before it had one, and listens where it is told", async () => {
  await writeFile(join(dir, "ports.json"), '{"v":1,"nats":40123}');
  const first = await openLayout(dir, anyPorts);
  expect(first.natsPort).toBe(40_123);
  expect(first.apiListen).toMatch(/^127\.0\.0\.1:\d+$/);
  expect((await openLayout(dir, anyPorts)).apiListen).toBe(first.apiListen);

  const open = await openLayout(dir, { natsPort: 0, listen: parseOwnListen("0.0.0.0:7400") });
  expect(open).toMatchObject({
    apiListen: "0.0.0.0:7400",
    apiAddress: `${hostname()}:7400`,
    busUrl: "tls://127.0.0.1:40123",
    busAddress: `tls://${hostname()}:40123`,
  });
});

test("a directory that is too deep for unix sockets is refused before anything is made", async () => {
  const deep = join(dir, "d".repeat(100));
  await expect(openLayout(deep, anyPorts)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(stat(deep)).rejects.toMatchObject({ code: "ENOENT" });
});
