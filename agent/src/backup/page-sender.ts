import { RecordKind } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { Compression } from "@holdfast/shared/format/codec";
import type { EncodedPage } from "@holdfast/shared/format/page";
import { encodeRecord, type EncodedRecord } from "@holdfast/shared/format/record";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import type { SealingKeys } from "@holdfast/shared/format/repository-keys";
import { findMissing } from "../repository/find-missing.ts";
import type { RepositoryCalls } from "../repository/repository-access.ts";
import { sendRecords } from "../repository/send-records.ts";

/** Where pages go, and as what. */
export interface PageTarget {
  readonly calls: RepositoryCalls;
  readonly uploadId: string;
  readonly repositoryId: RepositoryId;
  readonly compression: Compression;
  /** Of an encrypted repository: its pages have keyed ids. */
  readonly keys: SealingKeys | undefined;
}

/** Pages that are held until they are sent together; 2 MiB at most. */
const pagesAtOnce = 64;

/** Sends pages that the repository has not got, in the order given: a page comes after what it lists. */
export class PageSender {
  readonly #target: PageTarget;
  #pages: EncodedPage[] = [];

  constructor(target: PageTarget) {
    this.#target = target;
  }

  /** Takes a page whose chunks or pages are accepted or were given here before. Pages of zeros are never sent. */
  async add(page: EncodedPage, signal: AbortSignal): Promise<void> {
    if (page.bytes.byteLength === 0) return;
    this.#pages.push(page);
    if (this.#pages.length >= pagesAtOnce) await this.flush(signal);
  }

  /** Resolves when all pages given so far are accepted. */
  async flush(signal: AbortSignal): Promise<void> {
    const pages = this.#pages;
    if (pages.length === 0) return;
    this.#pages = [];
    const { calls, uploadId } = this.#target;
    const { missing } = await findMissing(
      calls,
      { uploadId, kind: RecordKind.PAGE, ids: pages.map(({ id }) => id) },
      signal,
    );
    if (missing.length > 0) await sendRecords(calls, uploadId, this.#recordsOf(pages, missing), signal);
  }

  *#recordsOf(pages: readonly EncodedPage[], missing: readonly number[]): Generator<EncodedRecord> {
    const { repositoryId, compression, keys } = this.#target;
    for (const index of missing) {
      const page = pages[index];
      if (page !== undefined)
        yield encodeRecord({ repositoryId, kind: "page", id: page.id, plain: page.bytes, compression, keys });
    }
  }
}
