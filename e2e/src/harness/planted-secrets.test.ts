import { generateKeyPairSync } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { collectKept, findPlanted } from "./planted-secrets.ts";

test("a private key is looked for by its private lines, and its public half is no secret", async () => {
  const directory = await mkdtemp(join(tmpdir(), "hf-planted-"));
  try {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    await mkdir(join(directory, "identity"));
    await writeFile(join(directory, "identity", "key.pem"), pem);
    const secrets = await collectKept(directory);
    const foundIn = (text = "") => findPlanted([{ where: "somewhere", text }], secrets);
    const [, first, second, third] = pem.split("\n");
    for (const line of [first, second]) expect(foundIn(line)).toMatchObject([{ what: "identity/key.pem" }]);
    expect(foundIn(third)).toEqual([]);
  } finally {
    await rm(directory, { recursive: true });
  }
});
