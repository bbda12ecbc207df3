import type { Transfer, TransferOperations, TransferRequest } from "../../hypervisor/transfers.ts";
import type { EngineClient } from "../engine-client.ts";
import { transferRow } from "../rows/transfer-row.ts";
import { collection } from "../values.ts";

/** Image transfers. Their actions answer 200 also for what does not exist, so only a GET tells. */
export class TransferCalls implements TransferOperations {
  readonly #client: EngineClient;

  constructor(client: EngineClient) {
    this.#client = client;
  }

  openTransfer(request: TransferRequest, signal: AbortSignal): Promise<Transfer> {
    const { diskId, direction, captureId, snapshotImageId, inactivityTimeoutS, hostId, correlationId } = request;
    const body = {
      ...(snapshotImageId === undefined ? { disk: { id: diskId } } : { snapshot: { id: snapshotImageId } }),
      // Engines take `upload` for a missing direction, which locks the disk and may delete it: always said.
      direction,
      format: "raw",
      inactivity_timeout: String(inactivityTimeoutS),
      timeout_policy: "cancel",
      ...(captureId === undefined ? {} : { backup: { id: captureId } }),
      ...(hostId === undefined ? {} : { host: { id: hostId } }),
    };
    return this.#client.ask({ method: "POST", path: "/imagetransfers", body, correlationId }, transferRow, signal);
  }

  getTransfer(transferId: string, signal: AbortSignal) {
    return this.#client.find({ method: "GET", path: `/imagetransfers/${transferId}` }, transferRow, signal);
  }

  listTransfers(signal: AbortSignal) {
    return this.#client.ask(
      { method: "GET", path: "/imagetransfers" },
      collection("image_transfer", transferRow),
      signal,
    );
  }

  finalizeTransfer(transferId: string, signal: AbortSignal) {
    return this.#act(transferId, "finalize", signal);
  }

  cancelTransfer(transferId: string, signal: AbortSignal) {
    return this.#act(transferId, "cancel", signal);
  }

  #act(transferId: string, action: "finalize" | "cancel", signal: AbortSignal): Promise<void> {
    return this.#client.tell(
      { method: "POST", path: `/imagetransfers/${transferId}/${action}`, repeatable: true },
      signal,
    );
  }
}
