import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { CaptureEnd, ColdCaptureSpec, HybridCaptureSpec, VolumeExport } from "./block-layer.ts";
import type { CaptureView, OpenCapture } from "./open-capture.ts";

/** How the changes of a disk of a cold or hybrid capture are read. */
export type Tracking =
  | { readonly kind: "changes"; readonly bitmap: string }
  /** The changes were asked for and cannot be told: the transfer fails to start, as a real host's does. */
  | { readonly kind: "broken"; readonly reason: string };

/** What a frozen capture does through its block layer. */
export interface FrozenCaptureParts {
  /** By disk id; a disk that is read in full has none. */
  readonly tracking: ReadonlyMap<string, Tracking>;
  /** Starts a read-only server on a volume. */
  readonly serve: (volumeId: string, bitmap: string | undefined) => Promise<VolumeExport>;
  /** Takes away what was made; the answer tells which overlays could not be merged. */
  readonly end: () => Promise<readonly CaptureEnd[]>;
}

/** A capture whose volumes nobody writes to: cold (the VM is down) or hybrid (it writes to overlays). */
export class FrozenCapture implements OpenCapture {
  readonly spec: ColdCaptureSpec | HybridCaptureSpec;
  readonly #parts: FrozenCaptureParts;

  constructor(spec: ColdCaptureSpec | HybridCaptureSpec, parts: FrozenCaptureParts) {
    this.spec = spec;
    this.#parts = parts;
  }

  async openExport(diskId: string, view: CaptureView): Promise<VolumeExport> {
    const disk = this.spec.disks.find((candidate) => candidate.diskId === diskId);
    if (!disk) throw new HoldfastError("NOT_FOUND", `capture ${this.spec.id} has no disk ${diskId}`);
    const tracking = view === "asked" ? this.#parts.tracking.get(diskId) : undefined;
    if (tracking?.kind === "broken") {
      throw new HoldfastError("CAPTURE_FAILED", `disk ${diskId} of capture ${this.spec.id}: ${tracking.reason}`);
    }
    return this.#parts.serve(disk.volumeId, tracking?.kind === "changes" ? tracking.bitmap : undefined);
  }

  end(): Promise<readonly CaptureEnd[]> {
    return this.#parts.end();
  }
}
