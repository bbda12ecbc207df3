import { X509Certificate } from "node:crypto";

import { systemClock } from "@holdfast/shared/clock/clock";
import { beforeAll, expect, test } from "vitest";

import { checkServer, factsOfPem, probeAnchors } from "./probe.ts";
import { type ServerCertificate, type TestCa, makeCa } from "./testing/certificates.ts";
import { startLocalEngine } from "./testing/local-engine.ts";

const never = new AbortController().signal;
let internal: TestCa;
let leaf: ServerCertificate;
beforeAll(async () => {
  internal = await makeCa("engine.example.com.12345");
  leaf = await internal.issue();
});

const serve = (certificate: ServerCertificate) =>
  startLocalEngine(certificate, ({ path }) =>
    path.includes("pki-resource?resource=ca-certificate&format=X509-PEM-CA")
      ? { status: 200, text: internal.cert, type: "application/x-x509-ca-cert" }
      : { status: 404 },
  );

test("an engine with its own certificates is anchored by its internal CA twice, also when it sends its leaf alone", async () => {
  await using engine = await serve(leaf);
  const { api, imageio } = await probeAnchors(engine.url, systemClock, never);
  expect(imageio.sha256Fingerprint).toBe(new X509Certificate(internal.cert).fingerprint256);
  expect(imageio.sha256Fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  expect(imageio.subject).toContain("CN=engine.example.com.12345");
  expect(imageio.daysLeft).toBe(29);
  expect(imageio.pem).toContain("BEGIN CERTIFICATE");
  expect(api).toEqual(imageio);
});

test("a web certificate of someone else's is anchored by the top of the chain that is sent", async () => {
  const company = await makeCa("company CA");
  const web = await company.issue();
  await using whole = await serve({ ...web, cert: `${web.cert}${company.cert}` });
  const { api, imageio } = await probeAnchors(whole.url, systemClock, never);
  expect(api.sha256Fingerprint).toBe(new X509Certificate(company.cert).fingerprint256);
  expect(imageio.sha256Fingerprint).toBe(new X509Certificate(internal.cert).fingerprint256);

  await using alone = await serve(web);
  const seen = await probeAnchors(alone.url, systemClock, never);
  expect(seen.api.sha256Fingerprint).toBe(new X509Certificate(web.cert).fingerprint256);
});

test("what is no engine, or not there, is told apart", async () => {
  await using other = await startLocalEngine(leaf, () => ({ status: 404, text: "<html>" }));
  await expect(probeAnchors(other.url, systemClock, never)).rejects.toMatchObject({ code: "ENGINE_PROTOCOL" });
  await expect(probeAnchors("https://127.0.0.1:1", systemClock, never)).rejects.toMatchObject({
    code: "ENGINE_UNREACHABLE",
  });
});

test("a server is checked against an anchor: right, not trusted, not there", async () => {
  await using engine = await serve(leaf);
  await checkServer({ host: "127.0.0.1", port: engine.port, anchorPem: internal.cert }, systemClock, never);
  const stranger = await makeCa("stranger");
  await expect(
    checkServer({ host: "127.0.0.1", port: engine.port, anchorPem: stranger.cert }, systemClock, never),
  ).rejects.toMatchObject({ code: "ENGINE_UNTRUSTED" });
  await expect(
    checkServer({ host: "127.0.0.1", port: 1, anchorPem: internal.cert }, systemClock, never),
  ).rejects.toMatchObject({
    code: "ENGINE_UNREACHABLE",
  });
});

test("a text that is no certificate is refused", () => {
  expect(() => factsOfPem("hello", 0)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
});
