import { encodeConfigurationHeader } from "@holdfast/shared/configuration/configuration-object";
import { sealConfiguration } from "@holdfast/shared/configuration/seal-configuration";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { newRepositoryId } from "@holdfast/shared/format/repository-id";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { makeRecoveryKey } from "@holdfast/shared/recovery/recovery-key";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DirectoryObjectStore } from "../store/directory-object-store.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { codeOf } from "../store/testing/code-of.ts";
import { temporaryFolder } from "../store/testing/sample-repository.ts";
import { WrappedStore } from "../store/wrappers/wrapped-store.ts";
import { ConfigurationObjects } from "./configuration-objects.ts";
import { findConfiguration } from "./find-configuration.ts";

const repositoryId = newRepositoryId(systemRandom);
const { publicKey } = makeRecoveryKey();
const newest = "configurations/i/00000002";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let objects: ObjectStore;
let passedOver: string[];

const sealed = (number: number): Uint8Array =>
  sealConfiguration(Buffer.from(`number ${number}`), { repositoryId, number, createdMs: number, publicKey });

beforeEach(async () => {
  folder = await temporaryFolder();
  objects = new DirectoryObjectStore(folder.path);
  passedOver = [];
  await objects.putIfAbsent("configurations/i/00000001", sealed(1));
});
afterEach(() => folder[Symbol.asyncDispose]());

const find = (store: ObjectStore = objects) =>
  findConfiguration(new ConfigurationObjects(store), {}, (name) => passedOver.push(name));

describe("the newest configuration that is whole", () => {
  it("is found, and older ones are pruned, where one has a time that no calendar knows", async () => {
    const bytes = Uint8Array.from(sealed(2));
    bytes[31] = 0x40;
    await objects.putIfAbsent(newest, bytes);
    for (let number = 3; number <= 40; number += 1)
      await objects.putIfAbsent(`configurations/i/${number.toString(16).padStart(8, "0")}`, sealed(number));
    expect(await find()).toMatchObject({ number: 40 });
    expect(passedOver).toEqual([newest]);
    expect(await new ConfigurationObjects(objects).prune("i")).toBe(8);
  });

  it("is one before, where the newest is longer than its header says, and is not read into memory for that", async () => {
    const header = { repositoryId, number: 2, createdMs: 2, sealedLength: 60, keyId: new Uint8Array(8) };
    await objects.putIfAbsent(newest, Buffer.concat([encodeConfigurationHeader(header), Buffer.alloc(1_000_000)]));
    let read = 0;
    const watched = new WrappedStore(objects, {
      call: async ({ askedBytes }, run) => {
        read += askedBytes;
        return await run();
      },
    });
    expect(await find(watched)).toMatchObject({ number: 1 });
    expect(passedOver).toEqual([newest]);
    expect(read).toBeLessThan(10_000);
  });

  it("is not one before, where the storage does not answer", async () => {
    await objects.putIfAbsent(newest, sealed(2));
    const away = new WrappedStore(objects, {
      call: async ({ name }, run) => {
        if (name === newest) throw new HoldfastError("STORE_UNREACHABLE", "no answer");
        return await run();
      },
    });
    expect(await codeOf(find(away))).toBe("STORE_UNREACHABLE");
    expect(passedOver).toEqual([]);
  });
});
