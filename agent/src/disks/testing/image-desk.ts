import { create } from "@bufbuild/protobuf";
import { ImageAccessSchema } from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import type { ImageServer } from "../../imageio/testing/image-server.ts";
import type { DiskDesk } from "../disk-desk.ts";

/** A desk that hands out one image server's ticket for every disk, and writes down how disks were closed. */
export const imageDesk = (
  { url, endpoint }: Pick<ImageServer, "url" | "endpoint">,
  sizeBytes: number,
  closed: boolean[] = [],
): DiskDesk => ({
  open: async () => ({
    case: "image",
    value: create(ImageAccessSchema, {
      transferId: "transfer-1",
      transferUrl: url,
      anchorPem: endpoint.anchorPem,
      hostName: "host-1",
      sizeBytes: BigInt(sizeBytes),
      hasDirty: true,
    }),
  }),
  close: async (_diskId, succeeded) => {
    closed.push(succeeded);
  },
});
