import { ClaimRequestSchema, ClaimResponseSchema } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { busCredentials } from "@holdfast/shared/bus/credentials";
import { openBus } from "@holdfast/shared/bus/nats-bus";
import { agentSubject, anyAgentSubject } from "@holdfast/shared/bus/subjects";
import { busRequest, busServe } from "@holdfast/shared/bus/typed";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import { GenericContainer, Wait, getContainerRuntimeClient } from "testcontainers";
import { expect, test } from "vitest";

const hasContainerEngine = await getContainerRuntimeClient().then(
  () => true,
  () => false,
);

// Everything else runs on the floor, Debian's 2.9; this asks the newest whether it still speaks to us.
test.skipIf(!hasContainerEngine)("a bus of the newest nats-server carries requests and their answers", async () => {
  await using container = await new GenericContainer("nats:2.12")
    .withExposedPorts(4222)
    .withWaitStrategy(Wait.forLogMessage(/Server is ready/))
    .start();
  const servers = [`nats://127.0.0.1:${container.getMappedPort(4222)}`];
  const open = (ownerId: string) =>
    openBus({ servers, credentials: busCredentials({ mode: "insecure" }), name: ownerId, ownerId, log: silentLogger });
  await using controller = await open("controller");
  await using agent = await open("agent1");
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
