import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@holdfast/shared/clock/clock";
import { sha256, toHex } from "@holdfast/shared/format/content-id";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { withNewKey } from "@holdfast/shared/keys/master-key";
import { expect, test } from "vitest";
import { createEncrypted, testPassword } from "../testing/encrypted-server.ts";
import { changeKeys } from "./change-keys.ts";
import { readDescriptor } from "./descriptor.ts";
import { DirectoryObjectStore } from "./directory-object-store.ts";
import { appendKeyList, hasSpareList, readKeyLog } from "./key-log.ts";
import { keyListName } from "./object-names.ts";
import { openRepositoryReader } from "./open-repository-store.ts";
import { createSample, temporaryFolder } from "./testing/sample-repository.ts";
import { faultyStore } from "./wrappers/testing/faulty-store.ts";

const proof = { kind: "password", password: testPassword } as const;
const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const caught: unknown = await work.then(
    () => undefined,
    (failure: unknown) => failure,
  );
  return caught === undefined ? "none" : String((caught as { readonly code?: unknown }).code);
};

test("the highest key list counts, and nobody writes over one", async () => {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, "r");
  const { keyList, master } = await createEncrypted(directory);
  await using objects = new DirectoryObjectStore(directory);
  const read = () => readKeyLog(objects, master.repositoryId);
  expect(await read()).toEqual({ highest: 2, list: keyList, below: 1, damaged: [] });
  const [one, other] = [withNewKey(master, keyList, systemRandom), withNewKey(master, keyList, systemRandom)];
  const origin = { repositoryId: master.repositoryId, epoch: 0, writtenMs: 1 };
  const codes = await Promise.all([one, other].map((list) => codeOf(appendKeyList(objects, list, origin))));
  expect(codes.toSorted()).toEqual(["ALREADY_EXISTS", "none"]);
  expect([one, other]).toContainEqual((await read())?.list);
});

test("a list whose former one cannot be read opens the repository all the same, and has no spare", async () => {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, "r");
  const { keyList, master } = await createEncrypted(directory);
  await using inner = new DirectoryObjectStore(directory);
  const objects = faultyStore(inner, {
    decide: ({ name }) => (name === keyListName(1) ? "unreachable" : undefined),
  });
  const log = await readKeyLog(objects, master.repositoryId);
  expect(log).toEqual({ highest: 2, list: keyList, below: 1, damaged: [] });
  if (log === undefined) throw new Error("the repository is encrypted");
  const spares = [objects, inner].map((store) => hasSpareList(store, master.repositoryId, log));
  expect(await Promise.all(spares)).toEqual([false, true]);
});

test("keys of a bare repository are changed by who can open it, and where there is encryption", async () => {
  await using folder = await temporaryFolder();
  const [directory, plain] = [join(folder.path, "r"), join(folder.path, "p")];
  await createEncrypted(directory);
  await createSample(plain);
  const change = (where: string, password = testPassword) =>
    codeOf(
      changeKeys(where, { proof: { kind: "password", password }, clock: systemClock }, (what, list) =>
        withNewKey(what, list, systemRandom),
      ),
    );
  expect(await change(directory)).toBe("none");
  expect(await change(directory, "another one")).toBe("KEY_WRONG");
  expect(await change(plain)).toBe("FAILED_PRECONDITION");
});

/** Writes a small object again with something else in it, its checksum right. */
const rewrite = async (path: string, from: string, to: string): Promise<void> => {
  const [line = ""] = (await readFile(path, "utf8")).split("\n");
  const changed = line.replace(from, to);
  expect(changed).not.toBe(line);
  await writeFile(path, `${changed}\nsha256:${toHex(sha256(Buffer.from(changed)))}\n`);
};

test("a later scheme of encryption is refused, and so is a list or a check that somebody changed", async () => {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, "r");
  await createEncrypted(directory);
  const open = async (): Promise<void> => {
    await using _reader = await openRepositoryReader(directory, { proof });
  };
  expect(await codeOf(open())).toBe("none");

  const keys = join(directory, "keys", "00000002");
  const code = /"code":"(.)/.exec(await readFile(keys, "utf8"))?.[1] ?? "";
  const otherCode = code === "0" ? "1" : "0";
  await rewrite(keys, `"code":"${code}`, `"code":"${otherCode}`);
  expect(await codeOf(open())).toBe("REPOSITORY_DAMAGED");
  await rewrite(keys, `"code":"${otherCode}`, `"code":"${code}`);

  const descriptor = join(directory, "descriptor");
  const check = /"keyCheck":"(.)/.exec(await readFile(descriptor, "utf8"))?.[1] === "0" ? "1" : "0";
  await using objects = new DirectoryObjectStore(directory);
  const { encryption } = await readDescriptor(objects, ["read"]);
  const right = encryption?.keyCheck ?? "";
  await rewrite(descriptor, right, `${check}${right.slice(1)}`);
  expect(await codeOf(open())).toBe("REPOSITORY_DAMAGED");
  await rewrite(descriptor, `"scheme":1`, `"scheme":2`);
  expect(await codeOf(open())).toBe("SCHEMA_TOO_NEW");
});

test("one damaged list takes no key with it, all of them do, and the next change is above what is damaged", async () => {
  await using folder = await temporaryFolder();
  const directory = join(folder.path, "r");
  const { keyList } = await createEncrypted(directory);
  const flip = (number: number) => rewriteByte(join(directory, "keys", `0000000${number}`));
  const open = async (): Promise<string> =>
    await codeOf(openRepositoryReader(directory, { proof }).then((reader) => reader[Symbol.asyncDispose]()));
  await flip(2);
  expect(await open()).toBe("none");
  const rotated = await changeKeys(directory, { proof, clock: systemClock }, (what, list) =>
    withNewKey(what, list, systemRandom),
  );
  expect(rotated).toMatchObject({ number: 4, keyIds: [keyList.activeKeyId, rotated.activeKeyId] });
  await flip(4);
  expect(await open()).toBe("none");
  for (const number of [1, 3]) await flip(number);
  expect(await open()).toBe("REPOSITORY_DAMAGED");
});

const rewriteByte = async (path: string): Promise<void> => {
  const bytes = await readFile(path);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  await writeFile(path, bytes);
};
