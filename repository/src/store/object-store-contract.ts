import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { expect, test } from "vitest";
import type { ObjectStore } from "./object-store.ts";
import { codeOf } from "./testing/code-of.ts";

/** What every kind of object store is held to; `open` gives a store that is empty and gone when disposed of. */
export const objectStoreContract = (kind: string, open: () => Promise<ObjectStore>): void => {
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
      await using staged = await store.stage("packs/one");
      await staged.write([bytes("ab"), bytes("cd")]);
      await staged.write([bytes("ef")]);
      expect(await namesIn(store, "packs")).toEqual([]);
      expect(await staged.publish()).toBe("created");
    }
    expect(Buffer.from(await store.get("packs/one")).toString()).toBe("abcdef");
    {
      await using staged = await store.stage("packs/two");
      await staged.write([bytes("gone")]);
    }
    expect(await namesIn(store, "packs")).toEqual(["packs/one"]);
    expect(await store.putIfAbsent("packs/two", bytes("free"))).toBe("created");
  });

  test(`${kind}: a large object has every byte, whatever pieces it came in, and none when it is given up`, async () => {
    await using store = await open();
    const piece = new Uint8Array(3 * 1024 * 1024).map((_, index) => index % 251);
    {
      await using staged = await store.stage("packs/large");
      for (let written = 0; written < 4; written += 1) await staged.write([piece, bytes("tail")]);
      expect(await staged.publish()).toBe("created");
      await using given = await store.stage("packs/given-up");
      for (let written = 0; written < 4; written += 1) await given.write([piece]);
    }
    expect(await namesIn(store, "packs")).toEqual(["packs/large"]);
    const whole = Buffer.concat(Array.from({ length: 4 }, () => [piece, bytes("tail")]).flat());
    expect(await store.sizeOf("packs/large")).toBe(whole.byteLength);
    expect(Buffer.compare(await store.get("packs/large"), whole)).toBe(0);
    const middle = await store.getRange("packs/large", { offset: piece.byteLength - 1, length: 6 });
    expect(Buffer.compare(middle, whole.subarray(piece.byteLength - 1, piece.byteLength + 5))).toBe(0);
  });

  test(`${kind}: of several that stage one name the first to publish has it, also in parts`, async () => {
    await using store = await open();
    for (const inParts of [false, true]) {
      const name = inParts ? "packs/parts" : "packs/whole";
      await using first = await store.stage(name, { inParts });
      await using second = await store.stage(name, { inParts });
      await first.write([bytes("first")]);
      await second.write([bytes("second")]);
      expect(await second.publish()).toBe("created");
      expect(await first.publish()).toBe("exists");
      expect(Buffer.from(await store.get(name)).toString()).toBe("second");
    }
  });

  test(`${kind}: a call whose signal was aborted does nothing and says so`, async () => {
    await using store = await open();
    await store.putIfAbsent("a/b", bytes("x"));
    const signal = AbortSignal.abort(new HoldfastError("CANCELLED", "by a test"));
    await using staged = await store.stage("a/c");
    const calls = [
      store.putIfAbsent("a/d", bytes("x"), { signal }),
      store.stage("a/d", { signal }),
      staged.publish({ signal }),
      store.get("a/b", { signal }),
      store.getRange("a/b", { offset: 0, length: 1 }, { signal }),
      store.sizeOf("a/b", { signal }),
      Array.fromAsync(store.list("a", { signal })),
      store.confirm(["a/b"], { signal }),
      store.remove("a/b", { signal }),
    ];
    expect(new Set(await Promise.all(calls.map(codeOf)))).toEqual(new Set(["CANCELLED"]));
    expect(await namesIn(store, "a")).toEqual(["a/b"]);
  });

  test(`${kind}: a lock holds until its time, is never shortened, and is refused where there are none`, async () => {
    await using store = await open();
    const { retention } = store;
    const soonMs = Date.now() + 1_000;
    if (retention === undefined) {
      expect(await codeOf(store.putIfAbsent("a", bytes("x"), { lockUntilMs: soonMs }))).toBe("INVALID_ARGUMENT");
      expect(await codeOf(store.stage("a", { lockUntilMs: soonMs }))).toBe("INVALID_ARGUMENT");
      return;
    }
    const laterMs = Date.now() + 3_600_000;
    await store.putIfAbsent("free", bytes("x"));
    await store.putIfAbsent("whole", bytes("x"), { lockUntilMs: laterMs });
    await using staged = await store.stage("parts", { lockUntilMs: laterMs, inParts: true });
    await staged.write([bytes("x")]);
    await staged.publish();
    expect(await retention.lockedUntil("free")).toBeUndefined();
    for (const name of ["whole", "parts"]) {
      expect(await retention.lockedUntil(name)).toBeGreaterThanOrEqual(laterMs);
      expect(await codeOf(store.remove(name))).toBe("OBJECT_LOCKED");
    }
    await retention.lockUntil("free", laterMs);
    await retention.lockUntil("free", soonMs);
    expect(await retention.lockedUntil("free")).toBeGreaterThanOrEqual(laterMs);
    expect(await codeOf(store.remove("free"))).toBe("OBJECT_LOCKED");
    expect(await codeOf(retention.lockUntil("absent", laterMs))).toBe("NOT_FOUND");
    expect(Buffer.from(await store.get("free")).toString()).toBe("x");
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
