import { X509Certificate } from "node:crypto";
import { toLoggedError } from "@holdfast/shared/logging/log-error";
import { beforeAll, expect, test } from "vitest";
import { makeCa } from "./testing/certificates.ts";
import { type LocalEngine, type SeenRequest, startLocalEngine } from "./testing/local-engine.ts";
import { type EngineTrust, makeEngineTrust, apiCalls, ok, openClient, password } from "./testing/open-client.ts";
import { defaultLimits } from "./transport.ts";

const never = new AbortController().signal;
let trust: EngineTrust;

/** Requests that could have given something away: whoever is not trusted is asked for his public certificate alone. */
const secretsSeenBy = ({ seen }: LocalEngine): readonly SeenRequest[] =>
  seen.filter(
    ({ path, body, headers }) => !path.includes("pki-resource") || body !== "" || headers.authorization !== undefined,
  );
beforeAll(async () => {
  trust = await makeEngineTrust();
});

test("a restarting engine's HTML is waited through for a read, and told as unreachable when it lasts", async () => {
  await using engine = await startLocalEngine(trust.certificate, (_, count) =>
    count <= 2 ? { status: 503, text: "<html>" } : ok,
  );
  await using hypervisor = openClient(trust, engine);
  await hypervisor.identify(never);
  expect(apiCalls(engine)).toHaveLength(3);

  await using down = await startLocalEngine(trust.certificate, () => ({ status: 503, text: "<html>" }));
  await using unlucky = openClient(trust, down);
  await expect(unlucky.identify(never)).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
  expect(apiCalls(down)).toHaveLength(4);
});

test("what fails inside the engine is asked for again, unless asking twice may do it twice", async () => {
  const broken = { status: 500, json: { reason: "Operation Failed", detail: "[Internal Engine Error]" } };
  await using engine = await startLocalEngine(trust.certificate, (_, count) => (count <= 2 ? broken : ok));
  await using hypervisor = openClient(trust, engine);
  await hypervisor.identify(never);
  expect(apiCalls(engine)).toHaveLength(3);

  await using ill = await startLocalEngine(trust.certificate, () => broken);
  await using unlucky = openClient(trust, ill);
  await expect(unlucky.identify(never)).rejects.toMatchObject({ code: "ENGINE_FAULT" });
  expect(apiCalls(ill)).toHaveLength(4);
  await expect(unlucky.startVm("V", never)).rejects.toMatchObject({ code: "ENGINE_FAULT" });
  expect(apiCalls(ill)).toHaveLength(5);
  await expect(unlucky.removeCheckpoint("V", "C", never)).rejects.toMatchObject({ code: "ENGINE_FAULT" });
  expect(apiCalls(ill)).toHaveLength(9);
});

test("a broken connection is repeated for what an id of ours makes safe, and not for the opening of a transfer", async () => {
  await using engine = await startLocalEngine(trust.certificate, ({ path }, count) => {
    if (path.endsWith("/imagetransfers") || count === 1) return "cut";
    return { status: 201, json: { id: "B1", phase: "initializing" } };
  });
  await using hypervisor = openClient(trust, engine);
  const request = { vmId: "V", captureId: "B1", diskIds: ["D"], description: "d", correlationId: "c" };
  expect(await hypervisor.startCapture(request, never)).toMatchObject({ id: "B1", phase: "initializing" });
  expect(apiCalls(engine)).toHaveLength(2);

  const transfer = { diskId: "D", direction: "download", inactivityTimeoutS: 60, correlationId: "c" } as const;
  await expect(hypervisor.openTransfer(transfer, never)).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
  expect(apiCalls(engine)).toHaveLength(3);
});

test("a server with another CA, or another name, is untrusted, and no password is sent to it", async () => {
  const other = await makeCa("another CA");
  await using impostor = await startLocalEngine(await other.issue(), () => ok);
  await using deceived = openClient(trust, impostor);
  await expect(deceived.identify(never)).rejects.toMatchObject({ code: "ENGINE_UNTRUSTED" });
  expect(secretsSeenBy(impostor)).toHaveLength(0);

  await using renamed = await startLocalEngine(await trust.ca.issue("engine.example.com"), () => ok);
  await using misled = openClient(trust, renamed);
  await expect(misled.identify(never)).rejects.toMatchObject({ code: "ENGINE_UNTRUSTED" });
  expect(secretsSeenBy(renamed)).toHaveLength(0);
});

test("a renewed certificate of the same CA is taken without a word, another CA's is told with both fingerprints", async () => {
  await using engine = await startLocalEngine(await trust.ca.issue(), () => ok);
  await using renewed = openClient(trust, engine);
  expect(await renewed.identify(never)).toMatchObject({ instanceId: "I1" });

  const other = await makeCa("the engine's CA");
  const pem = Buffer.from(other.cert).toString();
  await using replaced = await startLocalEngine(await other.issue(), ({ path }) =>
    path.includes("pki-resource") ? { status: 200, text: pem, type: "application/x-x509-ca-cert" } : ok,
  );
  await using hypervisor = openClient(trust, replaced);
  const pinnedSha256 = new X509Certificate(trust.ca.cert).fingerprint256;
  const shownSha256 = new X509Certificate(other.cert).fingerprint256;
  await expect(hypervisor.identify(never)).rejects.toMatchObject({
    code: "ENGINE_UNTRUSTED",
    message: expect.stringMatching(new RegExp(`${pinnedSha256}.*${shownSha256}`)) as unknown,
    details: { pinnedSha256, shownSha256 },
  });
});

test("a server certificate that was pinned alone is enough", async () => {
  await using engine = await startLocalEngine(trust.certificate, () => ok);
  await using hypervisor = openClient(trust, engine, { apiAnchorPem: trust.certificate.cert });
  expect(await hypervisor.identify(never)).toMatchObject({ instanceId: "I1" });
});

test("nobody there is unreachable", async () => {
  let url = "";
  {
    await using engine = await startLocalEngine(trust.certificate, () => ok);
    url = engine.url;
  }
  await using hypervisor = openClient(trust, { url });
  await expect(hypervisor.identify(never)).rejects.toMatchObject({
    code: "ENGINE_UNREACHABLE",
    details: { systemCode: "ECONNREFUSED" },
  });
});

test("an endless answer, a silent server and an abort end a call", async () => {
  await using engine = await startLocalEngine(trust.certificate, ({ path }) =>
    path.includes("/vms/") ? "hang" : { status: 200, text: "x".repeat(200_000), type: "application/json" },
  );
  await using hypervisor = openClient(trust, engine, {
    limits: { ...defaultLimits, maxAnswerBytes: 100_000, answerMs: 300 },
  });
  await expect(hypervisor.identify(never)).rejects.toMatchObject({ code: "ENGINE_PROTOCOL" });
  await expect(hypervisor.startVm("V", never)).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });

  const patient = openClient(trust, engine);
  const stop = new AbortController();
  const call = patient.getVm("V", stop.signal);
  stop.abort(new Error("enough"));
  await expect(call).rejects.toThrow("enough");
  await patient[Symbol.asyncDispose]();
});

test("R12: neither password nor token nor ticket stands in an error or a log line", async () => {
  const ticket = "0f2b7c1e-aaaa-4bbb-8ccc-000000000000";
  await using engine = await startLocalEngine(
    trust.certificate,
    (_, count) =>
      count === 1
        ? { status: 401, text: "" }
        : { status: 400, json: { reason: "r", detail: `[/images/${ticket} is gone]` } },
    (count) => ({ status: 200, json: { access_token: `s3cret-token-${count}` } }),
  );
  await using hypervisor = openClient(trust, engine);
  const error: unknown = await hypervisor.identify(never).catch((caught: unknown) => caught);
  trust.log.error("told", { err: error });
  const told = JSON.stringify([toLoggedError(error), trust.log.lines]);
  for (const secret of [password, "s3cret-token", ticket]) expect(told).not.toContain(secret);
});
