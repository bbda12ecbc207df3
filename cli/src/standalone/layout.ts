import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { z } from "zod";
import { controllerSocket } from "../connection.ts";

/** Where everything of a small installation lies, below one data directory. */
export interface Layout {
  readonly dataDir: string;
  readonly controllerDir: string;
  readonly repositoryDir: string;
  readonly indexPath: string;
  readonly agentDir: string;
  readonly logsDir: string;
  /** Addresses by which the processes find each other; they never change, since definitions name them. */
  readonly controllerAddress: string;
  readonly repositoryAddress: string;
  readonly natsPort: number;
  /** Where agents that join later find the bus. */
  readonly busUrl: string;
}

/** Longest path of a unix socket on Linux, less the terminating zero (unix(7)). */
const longestSocketPath = 107;

/** Makes the folders, private to their owner, and chooses the bus's port at the first start. */
export const openLayout = async (dataDir: string, givenPort: number): Promise<Layout> => {
  const below = (...parts: readonly string[]): string => join(dataDir, ...parts);
  const socket = below("run", "repository.sock");
  if (Buffer.byteLength(socket) > longestSocketPath) {
    throw new HoldfastError(
      "INVALID_ARGUMENT",
      `the path of the data directory is too long for unix sockets: ${dataDir}`,
    );
  }
  for (const folder of ["", "controller", "repository", "index", "agent", "logs", "run"]) {
    await mkdir(below(folder), { recursive: true, mode: 0o700 });
  }
  const natsPort = await keptPort(below("ports.json"), givenPort);
  return {
    dataDir,
    controllerDir: below("controller"),
    repositoryDir: below("repository"),
    indexPath: below("index", "index.sqlite"),
    agentDir: below("agent"),
    logsDir: below("logs"),
    controllerAddress: `unix:${controllerSocket(dataDir)}`,
    repositoryAddress: `unix:${socket}`,
    natsPort,
    busUrl: `nats://127.0.0.1:${natsPort}`,
  };
};

const portsFile = z.object({ v: z.literal(1), nats: z.int().min(1).max(65_535) });

/** The port given, else the one of the first start, else a free one; written down so that agents that joined find it again. */
const keptPort = async (path: string, given: number): Promise<number> => {
  const before = await readPort(path);
  const nats = given === 0 ? (before ?? (await freePort())) : given;
  if (nats !== before) {
    await writeFile(`${path}.new`, `${JSON.stringify({ v: 1, nats })}\n`, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }
  return nats;
};

const readPort = async (path: string): Promise<number | undefined> => {
  try {
    return portsFile.parse(JSON.parse(await readFile(path, "utf8"))).nats;
  } catch (caught) {
    if (caught instanceof Error && "code" in caught && caught.code === "ENOENT") return undefined;
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
