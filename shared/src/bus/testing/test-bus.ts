import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Algorithms, encodeUser, fromSeed, type KeyPair } from "nats-jwt";
import type { BusKey } from "../../identity/identity-folder.ts";
import { type TestInstallation, makeTestInstallation } from "../../identity/testing/test-installation.ts";
import type { MemoryLogger } from "../../logging/memory-logger.ts";
import type { Bus } from "../bus.ts";
import { type BusAccounts, type BusSeeds, makeBusSeeds, makeBusUser, signBusAccounts } from "../bus-accounts.ts";
import { busConfiguration } from "../bus-configuration.ts";
import { busCredentials } from "../credentials.ts";
import { openBus } from "../nats-bus.ts";
import { type NatsServer, openNatsServer } from "./nats-server.ts";

/** A bus of an installation that was made for a test: a real nats-server in operator mode behind mutual TLS. */
export interface TestBus extends AsyncDisposable {
  readonly installation: TestInstallation;
  readonly seeds: BusSeeds;
  readonly accounts: BusAccounts;
  readonly server: NatsServer;
  /** Starts another server of the same bus, on a port. */
  readonly startServer: (port?: number) => Promise<NatsServer>;
  /** A client that may do anything, or one with the given proof. */
  readonly connect: (options?: ConnectOptions) => Promise<Bus>;
}

/** Who connects. */
export interface ConnectOptions {
  readonly url?: string;
  readonly ownerId?: string;
  readonly busKey?: BusKey;
  readonly log?: MemoryLogger;
  readonly connectTimeoutMs?: number;
}

/** Makes the installation and starts its bus. */
export const openTestBus = async (log: MemoryLogger): Promise<TestBus> => {
  await using opening = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "hf-bus-"));
  opening.defer(() => rm(folder, { recursive: true, force: true }));
  const installation = await makeTestInstallation();
  const seeds = makeBusSeeds();
  const accounts = await signBusAccounts(seeds, {});
  const configurationFile = await writeServerFiles(folder, installation, accounts);
  const startServer = (port = 0): Promise<NatsServer> => openNatsServer({ configurationFile, port });
  const server = opening.use(await startServer());
  const holder = await installation.hold("agent", "t1");

  const connect = async (options: ConnectOptions = {}): Promise<Bus> => {
    const { url = server.url, ownerId = "a1", busKey = await anyUser(seeds), connectTimeoutMs } = options;
    const wait = connectTimeoutMs === undefined ? {} : { connectTimeoutMs };
    const credentials = busCredentials(holder, busKey);
    return await openBus({ servers: [url], credentials, name: "test", ownerId, log: options.log ?? log, ...wait });
  };
  const owned = opening.move();
  return {
    installation,
    seeds,
    accounts,
    server,
    startServer,
    connect,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

const writeServerFiles = async (
  folder: string,
  installation: TestInstallation,
  accounts: BusAccounts,
): Promise<string> => {
  const { certificatePem, keyPem, caPem } = await installation.identity("bus", "bus");
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const files = {
    listen: "127.0.0.1:-1",
    certificateFile: await write("bus.pem", certificatePem),
    keyFile: await write("bus.key", keyPem),
    caFile: await write("ca.pem", caPem),
    accountsDir: join(folder, "accounts"),
  };
  return await write("nats.conf", busConfiguration(files, accounts));
};

/** A client that may do anything on the bus of an installation. */
export const anyUser = async ({ account }: BusSeeds): Promise<BusKey> => {
  const { seed, publicKey } = makeBusUser();
  const signer = fromSeed(new TextEncoder().encode(account)) as KeyPair;
  return { seed, jwt: await encodeUser("anything", publicKey, signer, {}, { algorithm: Algorithms.v2 }) };
};
