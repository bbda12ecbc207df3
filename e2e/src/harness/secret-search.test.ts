import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { searchForSecrets, secretKinds } from "./secret-search.ts";

const planted: Readonly<Record<string, string>> = {
  "the engine's password": '{"msg":"login with lab-password"}',
  "a join token": "hfj1.eyJ2IjoxLCJjb250cm9sbGVycyI6WyJ1bml4",
  "a task token": "hft1.t1abcdef.eyJ2IjoxLCJpbnN0YWxsYXRpb25JZCI6",
  "a user's token": "hfu1.abc.def.eyJ2IjoxLCJpbnN0YWxsYXRpb25JZCI6",
  "a ticket": "GET https://host:54322/images/8b4f0b1c-6a66-4f0e-9a3b-0f2a1f5e7c11",
  "a recovery key": `written HFRK1${"-7K2M".repeat(14)} here`,
  "a private key": "-----BEGIN PRIVATE KEY-----",
  // As it stands in a line of JSON, after an escaped line end.
  "a key of the bus": JSON.stringify({ creds: `SEED\nSU${"A".repeat(56)}\n` }),
  "a token of the engine's": `{"access_token":"${"a_-9".repeat(16)}","scope":"ovirt-app-api"}`,
};

test("every kind of secret is planted here", () => {
  expect(Object.keys(planted).sort()).toEqual([...secretKinds].sort());
});

test("a secret is found in whatever a run wrote, databases too, but not where it is kept on purpose", async () => {
  const directory = await mkdtemp(join(tmpdir(), "hf-search-"));
  try {
    for (const folder of ["controller/identity", "lab-a/vms/1"])
      await mkdir(join(directory, folder), { recursive: true });
    for (const [index, text] of Object.values(planted).entries()) {
      await writeFile(join(directory, `file-${index}.db`), Buffer.concat([Buffer.of(0, 255, 254), Buffer.from(text)]));
    }
    const everything = Object.values(planted).join("\n");
    for (const kept of [
      "controller/identity/key",
      "a.join",
      "password",
      "recovery-kit-2.txt",
      "lab-a/state.json",
      "disk.raw",
    ])
      await writeFile(join(directory, kept), everything);
    await writeFile(join(directory, "lab-a/vms/1/console.log"), planted["a ticket"] ?? "");
    await writeFile(join(directory, "clean.log"), '{"token":"[redacted]","path":"/images/…"}');

    const found = await searchForSecrets(directory);

    expect(
      found
        .filter(({ where }) => where.startsWith("file-"))
        .map(({ what }) => what)
        .sort(),
    ).toEqual(Object.keys(planted).sort());
    expect(found.filter(({ where }) => !where.startsWith("file-"))).toEqual([
      { where: "lab-a/vms/1/console.log", what: "a ticket" },
    ]);
  } finally {
    await rm(directory, { recursive: true });
  }
});
