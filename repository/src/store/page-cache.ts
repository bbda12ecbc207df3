import { toHex } from "@holdfast/shared/format/content-id";
import type { Page } from "@holdfast/shared/format/page";

/** The pages used last, up to a number of them; a page is at most 32 KiB and never changes. */
export class PageCache {
  readonly #pages = new Map<string, Page>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(id: Uint8Array): Page | undefined {
    const key = toHex(id);
    const page = this.#pages.get(key);
    if (page === undefined) return undefined;
    this.#pages.delete(key);
    this.#pages.set(key, page);
    return page;
  }

  set(id: Uint8Array, page: Page): void {
    this.#pages.set(toHex(id), page);
    const oldest = this.#pages.keys().next();
    if (this.#pages.size > this.#limit && oldest.done !== true) this.#pages.delete(oldest.value);
  }

  delete(id: Uint8Array): void {
    this.#pages.delete(toHex(id));
  }

  clear(): void {
    this.#pages.clear();
  }
}
