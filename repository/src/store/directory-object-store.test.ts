import { mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DirectoryObjectStore } from "./directory-object-store.ts";
import { systemFiles } from "./durable-files.ts";
import { objectStoreContract } from "./object-store-contract.ts";
import { codeOf } from "./testing/code-of.ts";
import { inputOutput, noSpace, ObservedFiles } from "./testing/observed-files.ts";
import { temporaryFolder } from "./testing/sample-repository.ts";

class TemporaryStore extends DirectoryObjectStore {
  readonly path: string;

  constructor(path: string) {
    super(path);
    this.path = path;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await rm(this.path, { recursive: true, force: true });
  }
}

objectStoreContract("directory", async () => new TemporaryStore(await mkdtemp(join(tmpdir(), "hf-"))));

test("I1: bytes are synced before they get their name, and the folder before it counts", async () => {
  await using folder = await temporaryFolder();
  const files = new ObservedFiles(systemFiles);
  await using store = new DirectoryObjectStore(folder.path, { files });
  await store.putIfAbsent("epochs/1", new Uint8Array(1));
  await store.putIfAbsent("epochs/2", new Uint8Array(1));
  expect(files.steps.slice(-6).map(({ step }) => step)).toEqual([
    "create",
    "write",
    "sync",
    "link",
    "syncDirectory",
    "unlink",
  ]);
  const madeFolder = files.steps.findIndex(({ step, path }) => step === "makeDirectory" && path.endsWith("epochs"));
  expect(files.steps[madeFolder + 1]).toMatchObject({ step: "syncDirectory", path: folder.path });
});

test("a full disk is REPOSITORY_FULL at every step, leaves no name, and does not end the store", async () => {
  await using folder = await temporaryFolder();
  let failing = "";
  const files = new ObservedFiles(systemFiles, ({ step }) => (step === failing ? noSpace() : "pass"));
  await using store = new DirectoryObjectStore(folder.path, { files });
  await store.putIfAbsent("a/first", new Uint8Array(1));
  for (const step of ["create", "write", "sync", "link"]) {
    failing = step;
    expect(await codeOf(store.putIfAbsent("a/b", new Uint8Array(9)))).toBe("REPOSITORY_FULL");
    failing = "";
    expect(await Array.fromAsync(store.list("a"))).toEqual(["a/first"]);
  }
  expect(await readdir(join(folder.path, "tmp"))).toEqual([]);
  expect(await store.putIfAbsent("a/b", new Uint8Array(9))).toBe("created");
});

test("I2: a file is synced once, and a folder that cannot be synced ends all writing", async () => {
  await using folder = await temporaryFolder();
  let failing = "sync";
  const files = new ObservedFiles(systemFiles, ({ step }) => (step === failing ? inputOutput() : "pass"));
  await using store = new DirectoryObjectStore(folder.path, { files });
  expect(await codeOf(store.putIfAbsent("a", new Uint8Array(1)))).toBe("IO_FAILED");
  expect(files.steps.filter(({ step }) => step === "sync")).toHaveLength(1);
  failing = "";
  expect(await codeOf(store.putIfAbsent("b", new Uint8Array(1)))).toBe("none");
  failing = "syncDirectory";
  expect(await codeOf(store.putIfAbsent("c", new Uint8Array(1)))).toBe("IO_FAILED");
  failing = "";
  expect(await codeOf(store.putIfAbsent("d", new Uint8Array(1)))).toBe("IO_FAILED");
  expect(await codeOf(store.get("b"))).toBe("none");
});

test("leftovers of former processes are removed, files on their way of this one are not", async () => {
  await using folder = await temporaryFolder();
  await using store = new DirectoryObjectStore(folder.path);
  await using staged = await store.stage("kept");
  await staged.write([new Uint8Array(3)]);
  await writeFile(join(folder.path, "tmp", "00"), "left");
  await store.removeLeftovers(() => false);
  expect(await readdir(join(folder.path, "tmp"))).toHaveLength(1);
  expect(await staged.publish()).toBe("created");
});

test("an object that is larger than any that is read whole is damage, and can still be read in ranges", async () => {
  await using folder = await temporaryFolder();
  await using store = new DirectoryObjectStore(folder.path);
  await store.putIfAbsent("a", new Uint8Array(8));
  await truncate(join(folder.path, "a"), 40 * 1024 * 1024 * 1024);
  expect(await codeOf(store.get("a"))).toBe("REPOSITORY_DAMAGED");
  expect(await store.getRange("a", { offset: 4, length: 4 })).toEqual(new Uint8Array(4));
});
