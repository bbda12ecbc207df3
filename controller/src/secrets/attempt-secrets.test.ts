import { expect, test } from "vitest";

import { openOfAttempt, sealForAttempt } from "./attempt-secrets.ts";
import { createSecretBox, secretKeyBytes } from "./secret-box.ts";

const secrets = createSecretBox(new Uint8Array(secretKeyBytes));

test("what an attempt keeps is unreadable as it lies, and opens for that attempt alone", () => {
  const sealed = sealForAttempt(secrets, "a1", "<ovf:Envelope/>");
  expect(sealed).not.toContain("Envelope");
  expect(openOfAttempt(secrets, "a1", sealed)).toBe("<ovf:Envelope/>");
  expect(() => openOfAttempt(secrets, "a2", sealed)).toThrow(/attempt\/a2/);
});

test("nothing stays nothing, and what an earlier version kept in clear is taken as it is", () => {
  expect(sealForAttempt(secrets, "a1", "")).toBe("");
  for (const text of ["", '{"v":1}', "<ovf:Envelope/>"]) expect(openOfAttempt(secrets, "a1", text)).toBe(text);
});
