import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { standaloneFiles, userCredentials } from "./credentials.ts";

const token = (id: string): string => `hfu1.inst.${id}.${"s".repeat(43)}`;
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hf-cli-"));
  const own = standaloneFiles(dir);
  await mkdir(join(dir, "controller", "identity"), { recursive: true });
  await writeFile(own.caFile, "own ca");
  await writeFile(own.tokenFile, `${token("own")}\n`, { mode: 0o600 });
  await writeFile(join(dir, "ca.pem"), "given ca");
  await writeFile(join(dir, "token"), `${token("given")}\n`, { mode: 0o600 });
});
afterEach(() => rm(dir, { recursive: true }));

const remote = "backup.example.com:7400";

describe("what the command line shows a controller", () => {
  it("is what the options say, before the environment and a standalone's own", async () => {
    const env = { HOLDFAST_TOKEN: token("env"), HOLDFAST_CA_FILE: "/nowhere" };
    const target = { tokenFile: join(dir, "token"), caFile: join(dir, "ca.pem") };
    const found = await userCredentials({ env }, target, `unix:${dir}/run/controller.sock`);
    expect(found).toEqual({ token: token("given"), trust: { installationId: "inst", caPem: "given ca" } });
  });

  it("is what the environment says: a file before the token itself", async () => {
    const env = { HOLDFAST_TOKEN: token("env"), HOLDFAST_CA_FILE: join(dir, "ca.pem") };
    expect((await userCredentials({ env }, {}, remote)).token).toBe(token("env"));
    const both = { ...env, HOLDFAST_TOKEN_FILE: join(dir, "token") };
    expect((await userCredentials({ env: both }, {}, remote)).token).toBe(token("given"));
  });

  it("is a standalone's own when its socket is dialled", async () => {
    const found = await userCredentials({ env: {} }, {}, `unix:${dir}/run/controller.sock`);
    expect(found).toEqual({ token: token("own"), trust: { installationId: "inst", caPem: "own ca" } });
  });

  it("is missing for any other address, and the error says how to give it", async () => {
    await expect(userCredentials({ env: {} }, {}, remote)).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
      message: expect.stringContaining("--token-file"),
    });
    await expect(userCredentials({ env: { HOLDFAST_TOKEN: token("env") } }, {}, remote)).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining("--ca-file"),
    });
  });

  it("is refused in a file that others may read, and when it is no token; the text stands in no error", async () => {
    await writeFile(join(dir, "open"), token("open"), { mode: 0o644 });
    const open = { tokenFile: join(dir, "open"), caFile: join(dir, "ca.pem") };
    await expect(userCredentials({ env: {} }, open, remote)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    const env = { HOLDFAST_TOKEN: "my-password", HOLDFAST_CA_FILE: join(dir, "ca.pem") };
    const refused = userCredentials({ env }, {}, remote);
    await expect(refused).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    await expect(refused).rejects.not.toThrow("my-password");
  });
});
