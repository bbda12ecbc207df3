import { expect, it } from "vitest";
import { type RenewalFacts, whyRenewalRefused } from "./renew.ts";

const dayMs = 86_400_000;
const nowMs = 100 * dayMs;
const facts: RenewalFacts = {
  certificate: {
    name: { installationId: "inst", role: "agent", id: "a1" },
    keyId: "k1",
    notAfterMs: nowMs + dayMs,
  },
  installationId: "inst",
  isSignedByUs: true,
  isProven: true,
  isSameKey: true,
  isRevoked: false,
  memberKeyId: "k1",
  askedMs: nowMs,
  nowMs,
};
const named = (name: Partial<RenewalFacts["certificate"]["name"]>): Partial<RenewalFacts> => ({
  certificate: { ...facts.certificate, name: { ...facts.certificate.name, ...name } },
});
const ended = (agoMs: number): Partial<RenewalFacts> => ({
  certificate: { ...facts.certificate, notAfterMs: nowMs - agoMs },
});

it.each<[string, Partial<RenewalFacts>]>([
  ["of a member", {}],
  ["of one that a lost database does not know", { memberKeyId: undefined }],
  ["of a repository", named({ role: "repository", id: "0b0e-1" })],
  ["of one whose certificate ended 30 days ago", ended(30 * dayMs)],
  ["by a clock that is half a day off", { askedMs: nowMs - dayMs / 2 }],
])("a renewal %s is granted", (_name, change) => {
  expect(whyRenewalRefused({ ...facts, ...change })).toBeUndefined();
});

it.each<[string, Partial<RenewalFacts>, string]>([
  ["that another authority signed", { isSignedByUs: false }, "UNAUTHENTICATED"],
  ["of another installation", named({ installationId: "other" }), "UNAUTHENTICATED"],
  ["whose key is not shown", { isProven: false }, "UNAUTHENTICATED"],
  ["for another key", { isSameKey: false }, "UNAUTHENTICATED"],
  ["that was recorded days ago", { askedMs: nowMs - 2 * dayMs }, "UNAUTHENTICATED"],
  ["that ended 31 days ago", ended(31 * dayMs), "UNAUTHENTICATED"],
  ["of an operator", named({ role: "operator" }), "PERMISSION_DENIED"],
  ["of a controller", named({ role: "controller" }), "PERMISSION_DENIED"],
  ["that was revoked", { isRevoked: true }, "IDENTITY_REVOKED"],
  ["whose name has another key now", { memberKeyId: "k2" }, "IDENTITY_REVOKED"],
])("a certificate %s is not renewed", (_name, change, code) => {
  expect(whyRenewalRefused({ ...facts, ...change })).toMatchObject({ code });
});
