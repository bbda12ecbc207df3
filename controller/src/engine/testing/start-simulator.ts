import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { systemClock } from "@holdfast/shared/clock/clock";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { startProcess } from "@holdfast/shared/process/child-process";
import { programArguments } from "@holdfast/shared/process/testing/program-files";

import type { StepDeps } from "../../capture/waiting.ts";
import type { Hypervisor } from "../../hypervisor/hypervisor.ts";
import { openOvirtEngine } from "../ovirt-engine.ts";

const login = { username: "admin@internal", password: "lab" };

/** A VM or disk as the lab's control endpoint names it. */
export interface LabVm {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly disks: readonly { readonly id: string; readonly alias: string; readonly sizeBytes: number }[];
}

interface Row {
  readonly id: string;
  readonly madeBy: string;
  readonly description: string;
}

/** What exists on the lab's engine, as the lab and not our listings see it. */
export interface LabLeftovers {
  readonly vms: readonly (Row & { readonly name: string })[];
  readonly disks: readonly (Row & { readonly alias: string })[];
  readonly checkpoints: readonly Row[];
  readonly snapshots: readonly (Row & { readonly vmId: string })[];
  readonly backups: readonly Row[];
  readonly transfers: readonly Row[];
  readonly tickets: number;
  readonly strayVolumes: readonly string[];
  readonly frozenGuests: readonly string[];
}

/** A simulated engine as a process of its own, with a client of ours. */
export interface Lab extends AsyncDisposable {
  readonly hypervisor: Hypervisor;
  /** What steps take; pauses are real. */
  readonly deps: StepDeps;
  readonly apiAnchorPem: string;
  readonly imageioAnchorPem: string;
  readonly url: string;
  /** Another client, as of a process of its own. */
  openHypervisor(): Hypervisor;
  /** Asks the control endpoint; fails when it does not answer 200. */
  control<Answer = unknown>(method: "GET" | "POST" | "DELETE", path: string, body?: unknown): Promise<Answer>;
  addVm(config: Record<string, unknown>): Promise<LabVm>;
  leftovers(): Promise<LabLeftovers>;
}

const baseConfig = {
  name: "lab",
  users: [{ name: login.username, password: login.password }],
  dataCenters: [{ name: "dc", version: "4.7" }],
  clusters: [{ name: "c1", version: "4.7" }],
  hosts: [{ name: "h1", cluster: "c1" }],
  storageDomains: [{ name: "sd1" }],
  vnicProfiles: [{ name: "servers", network: "blue" }],
};

/** Starts the simulator with one data center, cluster, host and domain; `more` is merged into its configuration. */
export const startLab = async (more: Record<string, unknown> = {}): Promise<Lab> => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "hf-lab-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "lab.yaml"), JSON.stringify({ ...baseConfig, ...more }));

  const told = Promise.withResolvers<string>();
  const child = stack.use(
    await startProcess({
      name: "simulator",
      command: process.execPath,
      args: [...programArguments("e2e/simulator/main"), "--config", join(folder, "lab.yaml"), "--state", folder],
      onLine: (line, from) => {
        if (from === "stdout" && line.startsWith("{")) told.resolve(line);
      },
    }),
  );
  void child.exited.then(() => {
    told.reject(new Error("the simulator ended before it was ready"));
    return undefined;
  });
  const addresses = JSON.parse(await told.promise) as Record<
    "engine" | "control" | "apiCaFile" | "imageioCaFile",
    string
  >;
  const apiAnchorPem = await readFile(addresses.apiCaFile, "utf8");
  const log = memoryLogger();
  const openHypervisor = (): Hypervisor =>
    openOvirtEngine({ url: addresses.engine, credentials: login, apiAnchorPem }, { clock: systemClock, log });
  const hypervisor = stack.use(openHypervisor());
  const control: Lab["control"] = async <Answer>(method: string, path: string, body?: unknown) =>
    (await askControl(addresses.control, method, path, body)) as Answer;
  const owned = stack.move();

  return {
    hypervisor,
    deps: { hypervisor, clock: systemClock, log },
    apiAnchorPem,
    imageioAnchorPem: await readFile(addresses.imageioCaFile, "utf8"),
    url: addresses.engine,
    openHypervisor,
    control,
    addVm: (config) => control("POST", "/vms", config),
    leftovers: () => control("GET", "/leftovers"),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

const askControl = async (origin: string, method: string, path: string, body?: unknown): Promise<unknown> => {
  const answer = Promise.withResolvers<{ readonly status: number; readonly text: string }>();
  const sent = request(`${origin}${path}`, { method, agent: false }, (response) => {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (piece: string) => {
      text += piece;
    });
    response.on("end", () => {
      answer.resolve({ status: response.statusCode ?? 0, text });
    });
  });
  sent.on("error", answer.reject);
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  const { status, text } = await answer.promise;
  if (status !== 200) throw new Error(`${method} ${path}: ${status} ${text}`);
  return JSON.parse(text);
};

/** A VM of one 32 MiB qcow2 disk with 2 MiB written, running on level 4.7. */
export const plainVm = (name: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  name,
  cluster: "c1",
  status: "up",
  nics: [{ name: "nic1", profile: "servers" }],
  disks: [{ alias: "d0", size: "32MiB", bootable: true, fill: { seed: name, bytes: "2MiB" } }],
  ...more,
});
