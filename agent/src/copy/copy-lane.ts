import { openRepositoryConnection, type RepositoryConnection } from "../repository/repository-access.ts";
import { copyContent } from "./copy-content.ts";
import type { CopyLaneAnswer, CopyLaneRequest, CopyLaneStart } from "./copy-messages.ts";
import { copyRecords, haveSameIds } from "./copy-records.ts";

const nothing: CopyLaneAnswer = { ids: new Uint8Array(0), readBytes: 0, stored: 0, packedBytes: 0 };

/** Copies runs of chunks in the thread that it lives in, over connections of its own to both repositories. */
export class CopyLane {
  readonly #start: CopyLaneStart;
  readonly #source: RepositoryConnection;
  readonly #target: RepositoryConnection;

  constructor(start: CopyLaneStart) {
    this.#start = start;
    this.#source = openRepositoryConnection(start.source);
    this.#target = openRepositoryConnection(start.target);
  }

  async answer(request: CopyLaneRequest, signal: AbortSignal): Promise<CopyLaneAnswer> {
    if (request.kind === "start") return nothing;
    const copy = haveSameIds(this.#start) ? copyRecords : copyContent;
    return await copy({ source: this.#source.calls, target: this.#target.calls }, this.#start, request, signal);
  }
}
