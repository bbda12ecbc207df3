import type { Actor, Engine } from "../engine/engine.ts";
import type { OpenExports } from "./transfer-tickets.ts";

/** What the steps of a transfer share. */
export interface TransferContext {
  readonly engine: Engine;
  readonly exports: OpenExports;
  readonly actor: Actor;
}
