import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { loadSimulatorConfig } from "./load-config.ts";
import type { SimulatorConfig } from "./schema.ts";

const load = async (yaml: string): Promise<SimulatorConfig> => {
  const directory = await mkdtemp(join(tmpdir(), "sim-"));
  try {
    await writeFile(join(directory, "c.yaml"), yaml);
    return await loadSimulatorConfig(join(directory, "c.yaml"));
  } finally {
    await rm(directory, { recursive: true });
  }
};

const minimal = `
name: m
users: [{ name: admin@internal, password: p }]
clusters: [{ name: c1, version: 4.7 }]
hosts: [{ name: h1, cluster: c1 }]
storageDomains: [{ name: s1 }]
`;

test("a short configuration is filled with defaults", async () => {
  const config = await load(`${minimal}vms: [{ name: v, disks: [{ size: 32MiB }] }]`);
  expect(config.clusters[0]?.version).toBe("4.7");
  expect(config.vms[0]?.disks[0]?.size).toBe(33_554_432);
  expect(config.dataCenters[0]?.name).toBe("Default");
});

test("every problem is named at once", async () => {
  const bad = `
name: m
users: [{ name: admin, password: p }]
clusters: [{ name: c1, version: four }]
hosts: []
storageDomains: [{ name: s1, size: 3 apples }]
nonsense: 1
`;
  const failure = load(bad);
  for (const place of ["user@profile", "a level looks like", "hosts", "a size is", "nonsense"]) {
    await expect(failure).rejects.toThrow(place);
  }
});

test("names that point nowhere and doubles are refused", async () => {
  const failure = load(`${minimal}vms: [{ name: v, cluster: c9 }, { name: v, template: t9 }]`);
  for (const part of ["v is defined twice", "c9", "t9"]) await expect(failure).rejects.toThrow(part);
});
