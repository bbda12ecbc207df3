import { allocationFlags, dirtyFlag } from "@holdfast/shared/nbd/protocol";
import { type StatusSource, walkExtents } from "@holdfast/shared/nbd/extents";
import { notFound } from "./refusal.ts";

/** A volume with its negotiated meta contexts. */
export interface ExtentSource extends StatusSource {
  readonly contexts: readonly string[];
}

/** An extent as the daemon tells it, in the context `zero` or `dirty`. */
export type ImageExtent = { readonly start: number; length: number } & (
  | { readonly zero: boolean; readonly hole: boolean }
  | { readonly dirty: boolean; readonly zero: boolean }
);

const allocation = "base:allocation";
const depth = "qemu:allocation-depth";

/** The whole image by what reads as zeroes; a hole is what this layer does not hold, told only where the server counts layers. */
export const zeroExtents = async (source: ExtentSource, sizeBytes: number): Promise<readonly ImageExtent[]> => {
  const contexts = [allocation, depth].filter((name) => source.contexts.includes(name));
  const depthAt = contexts.indexOf(depth);
  return collect(source, contexts, {
    sizeBytes,
    describe: (flags) => ({
      zero: readsZero(flags[contexts.indexOf(allocation)]),
      hole: depthAt >= 0 && flags[depthAt] === 0,
    }),
  });
};

/** The whole image by what changed; 404 when the server has not exactly one bitmap for the ticket. */
export const dirtyExtents = async (source: ExtentSource, sizeBytes: number): Promise<readonly ImageExtent[]> => {
  const [bitmap, ...others] = source.contexts.filter((name) => name.startsWith("qemu:dirty-bitmap:"));
  if (bitmap === undefined || others.length > 0) throw noDirtyExtents();
  return collect(source, [bitmap, allocation], {
    sizeBytes,
    describe: ([changes, blocks]) => ({ dirty: ((changes ?? 0) & dirtyFlag) !== 0, zero: readsZero(blocks) }),
  });
};

/** 404 of a ticket without change tracking. */
export const noDirtyExtents = (): Error => notFound("Ticket does not support dirty extents");

type Description =
  | { readonly zero: boolean; readonly hole: boolean }
  | { readonly dirty: boolean; readonly zero: boolean };

const collect = async (
  source: ExtentSource,
  contexts: readonly string[],
  image: { readonly sizeBytes: number; readonly describe: (flags: readonly number[]) => Description },
): Promise<readonly ImageExtent[]> => {
  const extents: ImageExtent[] = [];
  for await (const { offset, length, flags } of walkExtents(source, contexts, { offset: 0, length: image.sizeBytes })) {
    const extent: ImageExtent = { start: offset, length, ...image.describe(flags) };
    const last = extents.at(-1);
    if (last && same(last, extent)) last.length += length;
    else extents.push(extent);
  }
  return extents;
};

const readsZero = (flags: number | undefined): boolean => ((flags ?? 0) & allocationFlags.zero) !== 0;

const same = (left: ImageExtent, right: ImageExtent): boolean =>
  JSON.stringify({ ...left, start: 0, length: 0 }) === JSON.stringify({ ...right, start: 0, length: 0 });
