import { readFile } from "node:fs/promises";
import { join } from "node:path";

import type { SimulatorConfig } from "../config/schema.ts";
import type { TlsIdentity } from "../imageio/tickets.ts";
import { openAuthority, openIdentity } from "./certificates.ts";

/** The two trust anchors of a Manager, different on purpose, and the identities that they signed. */
export interface Pki {
  /** Anchor of the API's web server: a file with its CA. */
  readonly apiCaFile: string;
  /** Anchor of hosts and imageio proxy: a file with the engine's internal CA. */
  readonly internalCaFile: string;
  /** The internal CA, PEM: what `pki-resource` hands out. */
  readonly internalCa: string;
  readonly api: TlsIdentity;
  readonly proxy: TlsIdentity;
  /** By host name. */
  readonly hosts: ReadonlyMap<string, TlsIdentity>;
}

/** Makes the certificates at the first start and finds them again later. */
export const openPki = async (directory: string, config: SimulatorConfig): Promise<Pki> => {
  const api = await openAuthority(join(directory, "api"), "ca", `/O=simulator/CN=${config.name} web CA`);
  const internal = await openAuthority(join(directory, "internal"), "ca", `/O=simulator/CN=${config.name} internal CA`);
  const hosts = new Map<string, TlsIdentity>();
  for (const host of config.hosts) {
    hosts.set(host.name, await openIdentity(internal, `host-${host.name}`, [host.address, host.name]));
  }
  return {
    apiCaFile: api.certificateFile,
    internalCaFile: internal.certificateFile,
    internalCa: await readFile(internal.certificateFile, "utf8"),
    api: await openIdentity(api, "engine", []),
    proxy: await openIdentity(internal, "imageio-proxy", []),
    hosts,
  };
};
