import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { expect, test } from "vitest";
import type { ObjectStore } from "./object-store.ts";

/** What every kind of object store is held to; `open` gives a store that is empty and gone when disposed of. */
export const objectStoreContract = (kind: string, open: () => Promise<ObjectStore>): void => {
  const codeOf = async (work: Promise<unknown>): Promise<string> => {
    try {
      await work;
      return "none";
    } catch (caught) {
      return caught instanceof HoldfastError ? caught.code : String(caught);
    }
  };
  const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
  const namesIn = async (store: ObjectStore, folder: string): Promise<readonly string[]> =>
    (await Array.fromAsync(store.list(folder))).sort();

  test(`${kind}: an object has the bytes it was given, whole and in ranges`, async () => {
    await using store = await open();
    expect(await store.putIfAbsent("epochs/00000001", bytes("hello"))).toBe("created");
    expect(Buffer.from(await store.get("epochs/00000001")).toString()).toBe("hello");
    expect(Buffer.from(await store.getRange("epochs/00000001", { offset: 1, length: 3 })).toString()).toBe("ell");
    expect(await store.sizeOf("epochs/00000001")).toBe(5);
  });

  test(`${kind}: the first to give a name keeps it, however many try at once`, async () => {
    await using store = await open();
    const tries = Array.from(
      { length: 8 },
      async (_, index) => await store.putIfAbsent("a/b/c", bytes(`writer ${index}`)),
    );
    const published = await Promise.all(tries);
    expect(published.filter((answer) => answer === "created")).toHaveLength(1);
    const winner = published.indexOf("created");
    expect(Buffer.from(await store.get("a/b/c")).toString()).toBe(`writer ${winner}`);
    expect(await store.putIfAbsent("a/b/c", bytes("late"))).toBe("exists");
  });

  test(`${kind}: what is staged has no name until it is published, and none when it is not`, async () => {
    await using store = await open();
    {
      await using staged = await store.stage();
      await staged.write([bytes("ab"), bytes("cd")]);
      await staged.write([bytes("ef")]);
      expect(await namesIn(store, "packs")).toEqual([]);
      expect(await staged.publish("packs/one")).toBe("created");
    }
    expect(Buffer.from(await store.get("packs/one")).toString()).toBe("abcdef");
    {
      await using staged = await store.stage();
      await staged.write([bytes("gone")]);
    }
    expect(await namesIn(store, "packs")).toEqual(["packs/one"]);
  });

  test(`${kind}: listing names everything below a folder and nothing else`, async () => {
    await using store = await open();
    for (const name of ["points/a/00000001.point", "points/a/marks/00000001", "points/b/00000002.point", "tasks/a/x"]) {
      await store.putIfAbsent(name, bytes("x"));
    }
    expect(await namesIn(store, "points/a")).toEqual(["points/a/00000001.point", "points/a/marks/00000001"]);
    expect(await namesIn(store, "points")).toHaveLength(3);
    expect(await namesIn(store, "absent")).toEqual([]);
  });

  test(`${kind}: what is absent, cut short or no name is said with its code`, async () => {
    await using store = await open();
    await store.putIfAbsent("a", bytes("abc"));
    expect(await codeOf(store.get("b"))).toBe("NOT_FOUND");
    expect(await codeOf(store.sizeOf("b"))).toBe("NOT_FOUND");
    expect(await codeOf(store.getRange("b", { offset: 0, length: 1 }))).toBe("NOT_FOUND");
    expect(await codeOf(store.getRange("a", { offset: 1, length: 3 }))).toBe("REPOSITORY_DAMAGED");
    for (const name of ["", "../a", "/a", "a//b", "a/../b", "A", "a/"]) {
      expect(await codeOf(store.get(name))).toBe("INVALID_ARGUMENT");
    }
  });

  test(`${kind}: removing is final and may be repeated`, async () => {
    await using store = await open();
    await store.putIfAbsent("a/b", bytes("x"));
    await store.confirm(["a/b"]);
    await store.remove("a/b");
    await store.remove("a/b");
    expect(await namesIn(store, "a")).toEqual([]);
    expect(await store.putIfAbsent("a/b", bytes("y"))).toBe("created");
  });

  test(`${kind}: it knows how much room there is`, async () => {
    await using store = await open();
    const { freeBytes, totalBytes } = await store.space();
    expect(freeBytes).toBeGreaterThan(0);
    expect(totalBytes).toBeGreaterThanOrEqual(freeBytes);
  });
};
