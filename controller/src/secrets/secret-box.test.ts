import { randomBytes } from "node:crypto";

import { expect, test } from "vitest";

import { createSecretBox, secretKeyBytes } from "./secret-box.ts";

const box = createSecretBox(randomBytes(secretKeyBytes));

test("a sealed password opens again for the same owner, whatever characters it has", () => {
  for (const password of ["", "correct horse", "päß\u{1f511}\u0000wörd", "x".repeat(5_000)]) {
    expect(box.open(box.seal(password, "manager/m1"), "manager/m1")).toBe(password);
  }
});

test("sealing twice shows neither the password nor that it is the same one", () => {
  const one = box.seal("hunter2", "manager/m1");
  expect(one).not.toContain("hunter2");
  expect(one).toMatch(/^v1\.[\w-]+$/);
  expect(box.seal("hunter2", "manager/m1")).not.toBe(one);
});

test("a sealed password moved to another owner does not open", () => {
  const sealed = box.seal("hunter2", "manager/m1");
  expect(() => box.open(sealed, "manager/m2")).toThrow(expect.objectContaining({ code: "SECRET_UNREADABLE" }));
});

test("a changed byte anywhere, or another key, is refused without telling the password", () => {
  const sealed = box.seal("hunter2", "manager/m1");
  const bytes = Buffer.from(sealed.slice(3), "base64url");
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    const text = `v1.${changed.toString("base64url")}`;
    expect(() => box.open(text, "manager/m1")).toThrow(expect.objectContaining({ code: "SECRET_UNREADABLE" }));
  }
  const other = createSecretBox(randomBytes(secretKeyBytes));
  expect(() => other.open(sealed, "manager/m1")).toThrow(/does not open/);
  for (const text of ["", "v1.", "v1.AAAA", `${sealed}.x`, "plain"]) {
    expect(() => box.open(text, "manager/m1")).toThrow(expect.objectContaining({ code: "SECRET_UNREADABLE" }));
  }
});

test("a form of a later version is refused, not guessed", () => {
  expect(() => box.open("v2.AAAA", "manager/m1")).toThrow(expect.objectContaining({ code: "SCHEMA_TOO_NEW" }));
});
