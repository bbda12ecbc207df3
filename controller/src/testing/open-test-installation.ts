import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bus } from "@holdfast/shared/bus/bus";
import { busCredentials } from "@holdfast/shared/bus/credentials";
import { openBus } from "@holdfast/shared/bus/nats-bus";
import { type NatsServer, openNatsServer } from "@holdfast/shared/bus/testing/nats-server";
import { anyUser } from "@holdfast/shared/bus/testing/test-bus";
import { systemClock } from "@holdfast/shared/clock/clock";
import { requestCertificate, signCertificate } from "@holdfast/shared/identity/certificates";
import { holdIdentity, type IdentityHolder } from "@holdfast/shared/identity/identity";
import type { BusKey } from "@holdfast/shared/identity/identity-folder";
import type { PeerRole } from "@holdfast/shared/identity/peer-name";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { makeInstallation } from "@holdfast/shared/installation/make-installation";
import { type Installation, openInstallation } from "@holdfast/shared/installation/open-installation";
import type { Logger } from "@holdfast/shared/logging/logger";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import { openRpcClient, type RpcClient } from "@holdfast/shared/rpc/client";
import { clientCredentials } from "@holdfast/shared/rpc/credentials";

/** A real installation in a folder of its own, with its bus. */
export interface TestInstallationFolder extends AsyncDisposable {
  /** The controller's data folder. */
  readonly dataDir: string;
  readonly installation: Installation;
  readonly nats: NatsServer;
  /** The first administrator's token. */
  readonly adminToken: string;
  /** An identity that it signed. */
  readonly hold: (role: PeerRole, id: string) => Promise<IdentityHolder>;
  /** A client of the bus, that may do anything unless it brings a key of its own. */
  readonly connect: (ownerId: string, how?: { readonly busKey?: BusKey; readonly log?: Logger }) => Promise<Bus>;
  /** A client of the operators' API, with a token. */
  readonly dial: (address: string, token?: string) => RpcClient;
}

/** Makes an installation and starts its bus. */
export const openTestInstallation = async (): Promise<TestInstallationFolder> => {
  await using stack = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), "hf-ctl-"));
  stack.defer(() => rm(dataDir, { recursive: true, force: true }));
  const made = await makeInstallation({
    dataDir,
    controllers: [],
    busListen: "127.0.0.1:-1",
    busServers: [],
    clock: systemClock,
    random: systemRandom,
  });
  const nats = stack.use(await openNatsServer({ configurationFile: made.natsConfigurationFile }));
  const installation = await openInstallation(dataDir);
  const adminToken = (await readFile(made.adminTokenFile, "utf8")).trim();
  const hold: TestInstallationFolder["hold"] = async (role, id) => holdIdentity(await certify(installation, role, id));
  const holder = await hold("agent", "tester");
  const owned = stack.move();
  return {
    dataDir,
    installation,
    nats,
    adminToken,
    hold,
    connect: async (ownerId, { busKey, log = silentLogger } = {}) =>
      await openBus({
        servers: [nats.url],
        credentials: busCredentials(holder, busKey ?? (await anyUser(installation.busSeeds))),
        name: ownerId,
        ownerId,
        log,
      }),
    dial: (address, token = adminToken) =>
      openRpcClient(address, clientCredentials(installation.identity, { role: "controller" }), {
        metadata: () => (token === "" ? {} : { authorization: `Bearer ${token}` }),
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
};

const certify = async ({ authority, installationId }: Installation, role: PeerRole, id: string) => {
  const { keyPem, requestPem } = await requestCertificate();
  const name = { installationId, role, id };
  const times = { nowMs: systemClock.nowMs(), lifeMs: 86_400_000 };
  const certificatePem = await signCertificate(authority, { requestPem, name, commonName: id, ...times });
  return { installationId, caPem: authority.certificatePem, certificatePem, keyPem };
};
