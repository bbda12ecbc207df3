import { describe, expect, it } from "vitest";
import { UsesRegistry } from "./uses-registry.ts";

const pack = { epoch: 1, sequence: 1 };
const isUsed = ({ uses }: { readonly uses: Iterable<{ has(key: typeof pack): boolean }> }): boolean =>
  [...uses].some((packs) => packs.has(pack));

describe("the uses of uploads", () => {
  it("are seen by a watch, whether noted before or after it began", () => {
    const registry = new UsesRegistry();
    const before = registry.open();
    before.hold();
    using watch = registry.watch();
    expect(isUsed(watch)).toBe(false);
    before.packs.add(pack);
    expect(isUsed(watch)).toBe(true);
    const other = new UsesRegistry();
    using later = other.watch();
    const after = other.open();
    after.hold();
    after.packs.add(pack);
    expect(isUsed(later)).toBe(true);
  });

  it("are seen by a watch after their upload ended, and by none that begins later", () => {
    const registry = new UsesRegistry();
    const uses = registry.open();
    const held = uses.hold();
    uses.packs.add(pack);
    using watch = registry.watch();
    held[Symbol.dispose]();
    expect(isUsed(watch)).toBe(true);
    using next = registry.watch();
    expect(isUsed(next)).toBe(false);
  });

  it("last until the last who holds them lets go, once each", () => {
    const registry = new UsesRegistry();
    const uses = registry.open();
    uses.packs.add(pack);
    const upload = uses.hold();
    const commit = uses.hold();
    upload[Symbol.dispose]();
    upload[Symbol.dispose]();
    using meanwhile = registry.watch();
    expect(isUsed(meanwhile)).toBe(true);
    commit[Symbol.dispose]();
    using after = registry.watch();
    expect(isUsed(after)).toBe(false);
  });
});
