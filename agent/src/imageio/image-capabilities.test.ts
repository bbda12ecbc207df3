import { systemClock } from "@holdfast/shared/clock/clock";
import { expect, test } from "vitest";
import { askCapabilities } from "./image-capabilities.ts";
import { ImageConnection } from "./image-connection.ts";
import { type Misbehaviour, openImageServer } from "./testing/image-server.ts";
import { makeTestIdentity } from "./testing/test-identity.ts";

const identity = await makeTestIdentity();
const { signal } = new AbortController();

const ask = async (meets: Misbehaviour | undefined, isOld = false) => {
  await using server = await openImageServer({ identity, disk: Buffer.alloc(512), misbehave: () => meets, isOld });
  await using connection = new ImageConnection(server.endpoint, systemClock);
  return await askCapabilities(connection, signal);
};

test("a server tells what it can do, an old one that it can read one range at a time", async () => {
  expect(await ask(undefined)).toMatchObject({ hasOptions: true, hasExtents: true, maxReaders: 8 });
  expect(await ask(undefined, true)).toMatchObject({ hasOptions: false, hasExtents: false, maxReaders: 1 });
});

const faults: readonly { readonly what: string; readonly meets: Misbehaviour; readonly code: string }[] = [
  { what: "breaks off", meets: { kind: "short", bytes: 20 }, code: "UNAVAILABLE" },
  { what: "never comes", meets: { kind: "reset" }, code: "UNAVAILABLE" },
  { what: "refuses the ticket", meets: { kind: "status", status: 403 }, code: "TICKET_REFUSED" },
  { what: "is no JSON", meets: { kind: "status", status: 200, text: "<html>" }, code: "ENGINE_PROTOCOL" },
];

test.each(faults)("an answer that $what is $code", async ({ meets, code }) => {
  await expect(ask(meets)).rejects.toMatchObject({ code });
});
