import { mkdir, rename, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { readIfThere } from "@holdfast/shared/files/read-if-there";
import { z } from "zod";
import { identityFolderOf, installationFiles } from "@holdfast/shared/installation/installation-files";
import { controllerSocket } from "../connection.ts";
import { dialledByOthers, joinHost, localHost, type OwnListen } from "./own-addresses.ts";

/** Where everything of a small installation lies, below one data directory. */
export interface Layout {
  readonly dataDir: string;
  readonly controllerDir: string;
  readonly repositoryDir: string;
  readonly indexPath: string;
  readonly agentDir: string;
  readonly logsDir: string;
  /** Who the repository's server and the agent are; empty folders until they have joined. */
  readonly repositoryIdentityDir: string;
  readonly agentIdentityDir: string;
  /** Holds join tokens for as long as they are needed. */
  readonly runDir: string;
  readonly natsConfiguration: string;
  readonly caFile: string;
  readonly tokenFile: string;
  /** The recovery kit of the first start; to be moved where this machine is not. */
  readonly recoveryKit: string;
  /** Addresses by which the processes find each other; they never change, since definitions name them. */
  readonly controllerAddress: string;
  readonly repositoryAddress: string;
  /** Where bus and API listen for agents elsewhere; on loopback unless told. */
  readonly host: string;
  readonly natsPort: number;
  /** The controller's API on TCP. */
  readonly apiListen: string;
  /** How joiners dial it. */
  readonly apiAddress: string;
  /** Where processes of this machine dial the bus, and where agents elsewhere do. */
  readonly busUrl: string;
  readonly busAddress: string;
}

/** Longest path of a unix socket on Linux, less the terminating zero (unix(7)). */
const longestSocketPath = 107;

/** What the operator wants of ports and addresses; 0 for a port that is chosen at the first start. */
export interface WantedAddresses {
  readonly natsPort: number;
  readonly listen: OwnListen;
}

/** Makes the folders, private to their owner, and chooses ports at the first start. */
export const openLayout = async (dataDir: string, { natsPort: wanted, listen }: WantedAddresses): Promise<Layout> => {
  const below = (...parts: readonly string[]): string => join(dataDir, ...parts);
  const socket = below("run", "repository.sock");
  if (Buffer.byteLength(socket) > longestSocketPath) {
    throw new HoldfastError(
      "INVALID_ARGUMENT",
      `the path of the data directory is too long for unix sockets: ${dataDir}`,
    );
  }
  for (const folder of ["", "controller", "repository", "index", "agent", "identity", "logs", "run"]) {
    await mkdir(below(folder), { recursive: true, mode: 0o700 });
  }
  const { nats: natsPort, api } = await keptPorts(below("ports.json"), { nats: wanted, api: listen.port });
  const { ca, adminToken, nats } = installationFiles(identityFolderOf(below("controller")));
  const { host } = listen;
  return {
    dataDir,
    controllerDir: below("controller"),
    repositoryDir: below("repository"),
    indexPath: below("index", "index.sqlite"),
    agentDir: below("agent"),
    logsDir: below("logs"),
    repositoryIdentityDir: below("identity", "repository"),
    agentIdentityDir: below("identity", "agent"),
    runDir: below("run"),
    natsConfiguration: nats.configuration,
    caFile: ca,
    tokenFile: adminToken,
    recoveryKit: below("recovery-kit.txt"),
    controllerAddress: `unix:${controllerSocket(dataDir)}`,
    repositoryAddress: `unix:${socket}`,
    host,
    natsPort,
    apiListen: joinHost(host, api),
    apiAddress: dialledByOthers(host, api),
    busUrl: `tls://${joinHost(localHost(host), natsPort)}`,
    busAddress: `tls://${dialledByOthers(host, natsPort)}`,
  };
};

const port = z.int().min(1).max(65_535);
/** A file of the time before the API listened on TCP has no port of it. */
const portsFile = z.object({ v: z.literal(1), nats: port, api: port.optional() });

interface Ports {
  readonly nats: number;
  readonly api: number;
}

/** The ports given, else those of the first start, else free ones; written down so that agents that joined find them again. */
const keptPorts = async (path: string, given: Ports): Promise<Ports> => {
  const before = await readPorts(path);
  const nats = given.nats === 0 ? (before?.nats ?? (await freePort())) : given.nats;
  const api = given.api === 0 ? (before?.api ?? (await freePort())) : given.api;
  if (nats !== before?.nats || api !== before.api) {
    await writeFile(`${path}.new`, `${JSON.stringify({ v: 1, nats, api })}\n`, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }
  return { nats, api };
};

const readPorts = async (path: string): Promise<z.output<typeof portsFile> | undefined> => {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  try {
    return portsFile.parse(JSON.parse(text));
  } catch (caught) {
    throw new HoldfastError("IO_FAILED", `cannot read ${path}`, { cause: caught });
  }
};

/** A TCP port of loopback that nobody listens on now. */
export const freePort = async (): Promise<number> => {
  const server = createServer();
  const listening = Promise.withResolvers<void>();
  server.once("error", listening.reject).listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  const address = server.address();
  const closed = Promise.withResolvers<void>();
  server.close(() => {
    closed.resolve();
  });
  await closed.promise;
  if (address === null || typeof address === "string")
    throw new HoldfastError("INTERNAL", "a TCP server without a port");
  return address.port;
};
