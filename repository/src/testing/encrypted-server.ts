import { join } from "node:path";
import { systemClock } from "@holdfast/shared/clock/clock";
import { systemRandom } from "@holdfast/shared/ids/ids";
import type { RepositoryKeys } from "@holdfast/shared/format/repository-keys";
import { keysOf, makeKeys, unlock } from "@holdfast/shared/keys/master-key";
import type { MasterKey } from "@holdfast/shared/keys/wrap-key";
import type { KeyList } from "@holdfast/shared/keys/key-list";
import { createRepository } from "../store/open-repository-store.ts";
import { makeFolder, openTestServer, removeFolder, type TestServer, testChunkSize } from "./test-server.ts";
import { TestWriter } from "./test-writer.ts";

/** The password of encrypted test repositories. */
export const testPassword = "correct horse";
/** Costs of tests: the least that are taken. */
export const testCosts = { N: 2 ** 14, r: 8, p: 1 };

/** Makes an encrypted repository in a folder; answers its keys. */
export const createEncrypted = async (
  directory: string,
): Promise<{ readonly keyList: KeyList; readonly master: MasterKey; readonly recoveryKey: Uint8Array }> => {
  const made: { keys?: Awaited<ReturnType<typeof makeKeys>> } = {};
  const { repositoryId } = await createRepository(directory, {
    chunkSize: testChunkSize,
    installationId: "",
    clock: systemClock,
    random: systemRandom,
    makeKeys: async (id) => (made.keys = await makeKeys(id, testPassword, { random: systemRandom, costs: testCosts })),
  });
  if (made.keys === undefined) throw new Error("no keys were made");
  const { encryption, twin: keyList, recoveryKey } = made.keys;
  const proof = { kind: "password", password: testPassword } as const;
  return { keyList, recoveryKey, master: await unlock({ repositoryId, encryption }, keyList, proof) };
};

/** A server of an encrypted repository, with its keys and a writer that has them. */
export interface EncryptedServer extends AsyncDisposable {
  readonly server: TestServer;
  readonly writer: TestWriter;
  readonly keys: RepositoryKeys;
  readonly keyList: KeyList;
  readonly master: MasterKey;
}

/** Starts a server of a new encrypted repository, in a given folder or a new one. */
export const openEncryptedServer = async (
  given?: string,
  overrides: { readonly undeleteHours?: number; readonly packTargetBytes?: number } = {},
): Promise<EncryptedServer> => {
  const folder = given ?? (await makeFolder());
  const { keyList, master } = await createEncrypted(join(folder, "r"));
  const keys = keysOf(master, keyList);
  const server = await openTestServer({ create: false, ...overrides }, { folder });
  const writer = new TestWriter(server.client, server.repositoryId);
  writer.keys = keys.sealing;
  return {
    server,
    writer,
    keys,
    keyList,
    master,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      if (given === undefined) await removeFolder(folder);
    },
  };
};
