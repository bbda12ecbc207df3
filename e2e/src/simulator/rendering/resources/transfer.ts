import { type Transfer, hasUrls } from "../../model/transfer.ts";
import type { Resource } from "../resource.ts";
import { hrefOf, linksOf, stubOf } from "./links.ts";

/** Where the data of a transfer is reached while it is transferring. */
export interface TransferUrls {
  readonly transferUrl: string;
  readonly proxyUrl: string;
}

/** `/imagetransfers`; neither disk, snapshot nor backup come back, only `image`, whose id is the disk's. */
export const transferResource = (transfer: Transfer, urls: TransferUrls | undefined): Resource => {
  const href = hrefOf("imagetransfers", transfer.id);
  const shown = hasUrls(transfer) ? urls : undefined;
  return {
    element: "image_transfer",
    id: transfer.id,
    href,
    actions: linksOf(href, ["extend", "pause", "resume", "cancel", "finalize"]),
    fields: {
      phase: transfer.phase,
      direction: transfer.direction,
      format: transfer.format,
      active: transfer.active,
      transferred: transfer.transferredBytes,
      inactivity_timeout: transfer.inactivityTimeoutS,
      timeout_policy: transfer.timeoutPolicy,
      shallow: transfer.shallow,
      transfer_url: shown?.transferUrl,
      proxy_url: shown?.proxyUrl,
      host: stubOf("host", "hosts", transfer.hostId),
      image: { element: "image", id: transfer.source.diskId, fields: {} },
    },
  };
};
