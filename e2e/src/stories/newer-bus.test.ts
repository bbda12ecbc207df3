import { ClaimRequestSchema, ClaimResponseSchema } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import {
  makeBusSeeds,
  makeBusUser,
  makeControllerUser,
  signAgentUser,
  signBusAccounts,
} from "@holdfast/shared/bus/bus-accounts";
import { busConfiguration } from "@holdfast/shared/bus/bus-configuration";
import { busCredentials } from "@holdfast/shared/bus/credentials";
import { openBus } from "@holdfast/shared/bus/nats-bus";
import { agentSubject, anyAgentSubject } from "@holdfast/shared/bus/subjects";
import { busRequest, busServe } from "@holdfast/shared/bus/typed";
import type { BusKey } from "@holdfast/shared/identity/identity-folder";
import { makeTestInstallation } from "@holdfast/shared/identity/testing/test-installation";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import { GenericContainer, Wait, getContainerRuntimeClient } from "testcontainers";
import { expect, test } from "vitest";

const hasContainerEngine = await getContainerRuntimeClient().then(
  () => true,
  () => false,
);

const folder = "/etc/holdfast";
const files = {
  listen: "0.0.0.0:4222",
  certificateFile: `${folder}/bus.pem`,
  keyFile: `${folder}/bus.key`,
  caFile: `${folder}/ca.pem`,
  accountsDir: "/tmp/accounts",
};

// Everything else runs on the floor, Debian's 2.9; this asks the newest whether it still speaks to us.
test.skipIf(!hasContainerEngine)("a bus of the newest nats-server carries requests and their answers", async () => {
  const installation = await makeTestInstallation();
  const seeds = makeBusSeeds();
  const { certificatePem, keyPem, caPem } = await installation.identity("bus", "bus");
  await using container = await new GenericContainer("nats:2.12")
    .withCopyContentToContainer([
      { content: busConfiguration(files, await signBusAccounts(seeds, {})), target: `${folder}/nats.conf` },
      { content: certificatePem, target: files.certificateFile },
      { content: keyPem, target: files.keyFile },
      { content: caPem, target: files.caFile },
    ])
    .withCommand(["-c", `${folder}/nats.conf`])
    .withExposedPorts(4222)
    .withWaitStrategy(Wait.forLogMessage(/Server is ready/))
    .start();
  const servers = [`tls://127.0.0.1:${container.getMappedPort(4222)}`];
  const holder = await installation.hold("agent", "agent1");
  const open = (ownerId: string, key: BusKey) =>
    openBus({ servers, credentials: busCredentials(holder, key), name: ownerId, ownerId, log: silentLogger });
  const { seed, publicKey } = makeBusUser();
  const place = { agentId: "agent1", publicKey, managerName: "prod", clusterName: "east" };
  await using controller = await open("controller", await makeControllerUser(seeds.account, "controller"));
  await using agent = await open("agent1", { seed, jwt: await signAgentUser(seeds.account, place) });
  const schemas = { request: ClaimRequestSchema, response: ClaimResponseSchema };
  await using _claims = await busServe(
    controller,
    { subject: anyAgentSubject("claim"), ...schemas, queue: "controller", log: silentLogger },
    ({ freeSlots }) => Promise.resolve({ v: 1, attempt: { number: freeSlots } }),
  );

  const answer = await busRequest(
    agent,
    { subject: agentSubject("agent1", "claim"), ...schemas },
    { v: 1, freeSlots: 3 },
    { timeoutMs: 10_000 },
  );
  expect(answer.attempt?.number).toBe(3);
});
