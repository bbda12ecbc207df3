import type { VmKey } from "@holdfast/shared/format/manifest-schema";
import type { IndexClient } from "../index/index-client.ts";

/** An upload, as far as it matters for what its VM may rely on. */
export interface Stander {
  readonly vm: VmKey;
  /** Key of the certificate that opened it. */
  readonly keyId: string;
}

/**
 * Which records of an encrypted repository who may rely on (section 13 of the protocol). The server cannot compare content with ids,
 * so a VM relies on what its own uploads stored or compared, and on what two writers with different keys stand for.
 */
export class Sharing {
  readonly #index: Pick<IndexClient, "addStanding" | "readStanding">;

  constructor(index: Pick<IndexClient, "addStanding" | "readStanding">) {
    this.#index = index;
  }

  /** In the order of `ids` (32 bytes each): whether that VM may rely on them. */
  async isUsable(ids: Uint8Array, vm: VmKey): Promise<readonly boolean[]> {
    return ids.byteLength === 0 ? [] : await this.#index.readStanding(ids, nameOf(vm));
  }

  /** An upload stored this record: nobody else stands for it. */
  async stored(id: Uint8Array, { vm, keyId }: Stander): Promise<void> {
    await this.#index.addStanding({ ids: id, vm: nameOf(vm), keyId, isFresh: true });
  }

  /** An upload compared these with their ids. */
  async compared(ids: Uint8Array, { vm, keyId }: Stander): Promise<void> {
    if (ids.byteLength > 0) await this.#index.addStanding({ ids, vm: nameOf(vm), keyId, isFresh: false });
  }

  /** A point of that VM uses these; who wrote them is not known any more. */
  async usedBy(ids: Uint8Array, vm: VmKey): Promise<void> {
    await this.#index.addStanding({ ids, vm: nameOf(vm), keyId: "", isFresh: false });
  }
}

const nameOf = ({ engineInstanceId, vmId }: VmKey): string => `${engineInstanceId}/${vmId}`;
