import { chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { identityFiles, readIdentityFolder, writeCertificate, writeIdentityFolder } from "./identity-folder.ts";
import { makeTestInstallation } from "./testing/test-installation.ts";

const installation = await makeTestInstallation();

describe("an identity folder", () => {
  let folder: string;
  beforeEach(async () => {
    folder = join(await mkdtemp(join(tmpdir(), "hf-id-")), "identity");
  });
  afterEach(() => rm(join(folder, ".."), { recursive: true }));

  const write = async () => {
    const membership = {
      v: 1,
      installationId: installation.installationId,
      role: "agent",
      id: "a1",
      name: "east-1",
      controllers: ["127.0.0.1:7400"],
      busServers: ["nats://127.0.0.1:4222"],
      managerName: "prod",
      clusterName: "east",
      workerId: "",
    } as const;
    const stored = {
      membership,
      identity: await installation.identity("agent", "a1"),
      busKey: { jwt: "j", seed: "s" },
    };
    await writeIdentityFolder(folder, stored);
    return stored;
  };

  it("gives back what was written, and shows its secrets to nobody else", async () => {
    const stored = await write();

    expect(await readIdentityFolder(folder)).toEqual(stored);
    for (const name of [identityFiles.key, identityFiles.busSeed, identityFiles.busJwt]) {
      expect((await stat(join(folder, name))).mode & 0o777, name).toBe(0o600);
    }
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  it("takes a renewed certificate beside the key that it has", async () => {
    const stored = await write();
    const { certificatePem } = await installation.identity("agent", "a1");
    await writeCertificate(folder, certificatePem);

    expect((await readIdentityFolder(folder))?.identity).toEqual({ ...stored.identity, certificatePem });
  });

  it("is none until its last file is written", async () => {
    expect(await readIdentityFolder(folder)).toBeUndefined();
    await write();
    await rm(join(folder, identityFiles.membership));
    expect(await readIdentityFolder(folder)).toBeUndefined();
  });

  it("is refused when its key is open to others, or a file is missing or unreadable", async () => {
    await write();
    await chmod(join(folder, identityFiles.key), 0o640);
    await expect(readIdentityFolder(folder)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await chmod(join(folder, identityFiles.key), 0o600);
    await writeFile(join(folder, identityFiles.membership), "{}");
    await expect(readIdentityFolder(folder)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await write();
    await rm(join(folder, identityFiles.ca));
    await expect(readIdentityFolder(folder)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
});
