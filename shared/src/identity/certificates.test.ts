import { execFile } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import {
  fingerprintOf,
  isSignedBy,
  makeAuthority,
  readCertificate,
  requestCertificate,
  requestRenewal,
  signCertificate,
} from "./certificates.ts";

const hourMs = 3_600_000;
const nowMs = Date.parse("2026-03-01T12:00:00Z");
const authority = await makeAuthority("Holdfast t1", { nowMs, lifeMs: 24 * hourMs });
const name = { installationId: "t1", role: "agent", id: "a1" } as const;

const sign = async (requestPem: string, by = authority): Promise<string> =>
  await signCertificate(by, { requestPem, name, commonName: "agent east-1", nowMs, lifeMs: hourMs });

describe("a certificate of an installation", () => {
  it("says who its holder is, in the one name that the other side checks", async () => {
    const { requestPem } = await requestCertificate();
    const chain = await sign(requestPem);

    expect(readCertificate(chain)).toMatchObject({ name, notBeforeMs: nowMs - hourMs, notAfterMs: nowMs + hourMs });
    expect(new X509Certificate(chain).subject).toBe("CN=agent east-1");
    expect(isSignedBy(chain, authority.certificatePem)).toBe(true);
    expect(chain.endsWith(authority.certificatePem)).toBe(true);
  });

  it("keeps its key id over a renewal, and has a serial number of its own", async () => {
    const { keyPem, requestPem } = await requestCertificate();
    const first = readCertificate(await sign(requestPem));
    const second = readCertificate(await sign(await requestRenewal(keyPem)));

    expect(second.keyId).toBe(first.keyId);
    expect(second.serial).not.toBe(first.serial);
  });

  it("is not made for a request that its key did not sign, nor for what is no request", async () => {
    const one = await requestCertificate();
    const other = await requestCertificate();
    const der = (pem: string): Buffer => Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
    const body = Buffer.concat([der(one.requestPem).subarray(0, -32), der(other.requestPem).subarray(-32)]);
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${body.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;

    for (const requestPem of [forged, "nonsense", ""]) {
      await expect(sign(requestPem)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    }
  });

  it("of another authority is not signed by ours", async () => {
    const stranger = await makeAuthority("stranger", { nowMs, lifeMs: hourMs });
    const { requestPem } = await requestCertificate();

    expect(isSignedBy(await sign(requestPem, stranger), authority.certificatePem)).toBe(false);
    expect(fingerprintOf(stranger.certificatePem)).not.toBe(fingerprintOf(authority.certificatePem));
  });

  it("can be signed by an RSA authority of the operator's", async () => {
    const folder = await mkdtemp(join(tmpdir(), "hf-ca-"));
    try {
      const openssl = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Corp CA"];
      await promisify(execFile)("openssl", [...openssl, "-keyout", `${folder}/k`, "-out", `${folder}/c`]);
      const keyPem = await readFile(`${folder}/k`, "utf8");
      const corporate = { certificatePem: await readFile(`${folder}/c`, "utf8"), keyPem };
      const { requestPem } = await requestCertificate();

      expect(createPrivateKey(keyPem).asymmetricKeyType).toBe("rsa");
      expect(isSignedBy(await sign(requestPem, corporate), corporate.certificatePem)).toBe(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
