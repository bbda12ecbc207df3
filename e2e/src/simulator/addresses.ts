import { existsSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";

import { derivedName } from "@holdfast/shared/ids/ids";
import { z } from "zod";

import type { SimulatorConfig } from "./config/schema.ts";
import type { Engine } from "./engine/engine.ts";
import type { Pki } from "./pki/pki.ts";
import { instanceIdOf } from "./routes/api-root.ts";

/** Where a simulator answers: the one line that it prints when it is ready, and the contents of `ready.json`. */
export interface Addresses {
  readonly name: string;
  readonly instanceId: string;
  readonly pid: number;
  /** Base of the engine's API. */
  readonly api: string;
  /** Engine without a path: single sign-on and `pki-resource` lie below it. */
  readonly engine: string;
  /** Control endpoint. */
  readonly control: string;
  /** File with the anchor of the API. */
  readonly apiCaFile: string;
  /** File with the anchor of hosts and imageio proxy. */
  readonly imageioCaFile: string;
  readonly proxyPort?: number;
  readonly hosts: readonly HostAddress[];
}

/** Where a host's imageio listens. */
export interface HostAddress {
  readonly id: string;
  readonly name: string;
  readonly address: string;
  readonly imageioPort: number;
  /** Name of the abstract unix socket, without its leading NUL. */
  readonly unixSocket: string;
}

const portsSchema = z.object({
  api: z.number(),
  control: z.number(),
  proxy: z.number(),
  hosts: z.record(z.string(), z.number()),
});

/** Ports to listen on: configured, or those of the run before, or 0 for a free one. */
export interface Ports extends z.infer<typeof portsSchema> {
  /** Keeps what was found free for the next start. */
  keep(addresses: Addresses): Promise<void>;
}

/** Reads the ports of the run before. */
export const openPorts = async (file: string, config: SimulatorConfig): Promise<Ports> => {
  const before = existsSync(file)
    ? portsSchema.parse(JSON.parse(await readFile(file, "utf8")))
    : { api: 0, control: 0, proxy: 0, hosts: {} as Record<string, number> };
  const chosen = (configured: number, known: number | undefined): number =>
    configured === 0 ? (known ?? 0) : configured;
  return {
    api: chosen(config.ports.api, before.api),
    control: chosen(config.ports.control, before.control),
    proxy: chosen(config.ports.proxy, before.proxy),
    hosts: Object.fromEntries(config.hosts.map((host) => [host.name, chosen(host.tlsPort, before.hosts[host.name])])),
    keep: async (addresses) => {
      const ports: z.infer<typeof portsSchema> = {
        api: Number(new URL(addresses.api).port),
        control: Number(new URL(addresses.control).port),
        proxy: addresses.proxyPort ?? 0,
        hosts: Object.fromEntries(addresses.hosts.map((host) => [host.name, host.imageioPort])),
      };
      await writeFile(`${file}.new`, JSON.stringify(ports));
      await rename(`${file}.new`, file);
    },
  };
};

/** Name of a host's abstract unix socket: its own for every host of every state directory, the same after a restart. */
export const unixSocketOf = (host: SimulatorConfig["hosts"][number], stateDir: string): string =>
  host.unixSocket ?? `ovirt-imageio-${derivedName(12, stateDir, host.name)}`;

/** The addresses of what listens now. */
export const addressesOf = (open: {
  readonly engine: Engine;
  readonly pki: Pki;
  readonly stateDir: string;
  readonly apiPort: number;
  readonly controlPort: number;
}): Addresses => {
  const { engine, pki, stateDir } = open;
  const origin = `https://127.0.0.1:${open.apiPort}`;
  const proxyPort = engine.imageio.proxy?.port;
  return {
    name: engine.config.name,
    instanceId: instanceIdOf(engine.config.name),
    pid: process.pid,
    api: `${origin}/ovirt-engine/api`,
    engine: origin,
    control: `http://127.0.0.1:${open.controlPort}`,
    apiCaFile: pki.apiCaFile,
    imageioCaFile: pki.internalCaFile,
    ...(proxyPort === undefined ? {} : { proxyPort }),
    hosts: [...engine.world.hosts.values()].flatMap(({ id, name, address }) => {
      const configured = engine.config.hosts.find((host) => host.name === name);
      const daemon = engine.imageio.hosts.get(id);
      if (configured === undefined || daemon === undefined) return [];
      return [{ id, name, address, imageioPort: daemon.port, unixSocket: unixSocketOf(configured, stateDir) }];
    }),
  };
};
