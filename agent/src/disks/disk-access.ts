import type { Clock } from "@holdfast/shared/clock/clock";
import { StreamReader, type StreamSource } from "../disk-stream/stream-reader.ts";
import { ImageReader, type ImageSource } from "../imageio/image-reader.ts";
import type { DiskReader } from "./disk-reader.ts";

/** How any thread of this process comes to an open snapshot disk. It carries the permission: never logged (R12). */
export type DiskAccess =
  | { readonly kind: "image"; readonly source: ImageSource }
  | { readonly kind: "stream"; readonly source: StreamSource };

/** A reader with a connection of its own. */
export const openDiskReader = (access: DiskAccess, clock: Clock): DiskReader => {
  switch (access.kind) {
    case "image":
      return new ImageReader(access.source, clock);
    case "stream":
      return new StreamReader(access.source);
  }
};
