import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { traitsOf } from "../errors/codes.ts";
import { loadConfig } from "./load-config.ts";
import { readSecretFile, Secret } from "./secret.ts";

const schema = z.strictObject({
  dataDir: z.string(),
  rpc: z
    .strictObject({ listen: z.string().default("127.0.0.1:0"), maxCalls: z.number().int().default(8) })
    .prefault({}),
  bus: z.strictObject({ servers: z.array(z.string()), isQuiet: z.boolean().default(false) }),
  labels: z.record(z.string(), z.string()).default({}),
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hf-"));
});
afterEach(() => rm(folder, { recursive: true }));

const file = async (text: string, mode = 0o600): Promise<string> => {
  const path = join(folder, "file");
  await writeFile(path, text, { mode });
  return path;
};

describe("loadConfig", () => {
  it("joins file, environment and command line, the later over the earlier", async () => {
    const yaml = "dataDir: /a\nrpc: { listen: '127.0.0.1:1', maxCalls: 2 }\nbus: { servers: [nats://a] }\n";

    const config = await loadConfig({
      schema,
      file: await file(yaml),
      env: {
        HOLDFAST_RPC_MAX_CALLS: "3",
        HOLDFAST_BUS_SERVERS: "nats://b, nats://c",
        HOLDFAST_BUS_IS_QUIET: "true",
        HOLDFAST_LABELS: '{"a":"b"}',
      },
      overrides: { dataDir: "/b" },
    });

    expect(config).toEqual({
      dataDir: "/b",
      rpc: { listen: "127.0.0.1:1", maxCalls: 3 },
      bus: { servers: ["nats://b", "nats://c"], isQuiet: true },
      labels: { a: "b" },
    });
  });

  it("names every problem at once, wherever it is", async () => {
    const path = await file(JSON.stringify({ rpc: { listen: 7, colour: "red" }, bus: { servers: [] } }));
    const env = {
      HOLDFAST_RPC_MAX_CALLS: "many",
      HOLDFAST_RPC_LISTN: "x",
      HOLDFAST_TEST_RUN: "r1",
      HOLDFAST_LABELS: "a=b",
    };

    const loading = loadConfig({ schema, file: path, env });

    await expect(loading).rejects.toMatchObject({ code: "CONFIG_INVALID", details: { file: path } });
    for (const part of ["dataDir", "rpc.listen", "rpc.maxCalls", "colour", "HOLDFAST_RPC_LISTN", "HOLDFAST_LABELS"]) {
      await expect(loading).rejects.toThrow(part);
    }
    await expect(loading).rejects.not.toThrow("TEST_RUN");
    expect(traitsOf("CONFIG_INVALID").exit).toBe(78);
  });

  it("takes a section whose settings are all commented out as one that is not there", async () => {
    const path = await file("dataDir: /a\nrpc:\n  #listen: 127.0.0.1:1\nbus: { servers: [], isQuiet: }\nlabels:\n");

    expect(await loadConfig({ schema, file: path, env: {} })).toEqual({
      dataDir: "/a",
      rpc: { listen: "127.0.0.1:0", maxCalls: 8 },
      bus: { servers: [], isQuiet: false },
      labels: {},
    });
    const needed = loadConfig({ schema, file: await file("dataDir:\nbus: { servers: [] }\n"), env: {} });
    await expect(needed).rejects.toThrow("dataDir");
  });

  it("refuses a file that is missing or no YAML", async () => {
    await expect(loadConfig({ schema, file: join(folder, "none"), env: {} })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
    });
    await expect(loadConfig({ schema, file: await file("a: [1"), env: {} })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
    });
  });
});

describe("a secret", () => {
  it("never prints itself", () => {
    const secret = new Secret("hunter2");

    const printed = [String(secret), JSON.stringify({ secret }), inspect({ secret }, { depth: 5, showHidden: true })];

    for (const text of printed) expect(text).not.toContain("hunter2");
    expect(secret.reveal()).toBe("hunter2");
  });

  it("is read from a file that only its owner may read", async () => {
    expect((await readSecretFile(await file("hunter2\n"))).reveal()).toBe("hunter2");
    await rm(join(folder, "file"));
    await expect(readSecretFile(await file("hunter2", 0o640))).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await expect(readSecretFile(join(folder, "none"))).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
});
