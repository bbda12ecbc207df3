import { HoldfastError } from "../errors/holdfast-error.ts";
import { onAbort } from "../lifecycle/abort.ts";
import type { Caller } from "./caller.ts";
import type { CallContext } from "./implementation.ts";

/** Lets a call in by returning, or refuses it by throwing; asked before the first request is read. */
export type Admit = (call: CallContext) => void | Promise<void>;

/** The calls that a server answers now, so that those of a caller who is believed no more can be ended at once. */
export class LiveCalls {
  readonly #calls = new Map<AbortController, Caller | undefined>();

  /** Notes a call until the result is disposed; `ended` aborts with the reason when it has to end. */
  enter(caller: Caller | undefined): Disposable & { readonly ended: AbortSignal } {
    const controller = new AbortController();
    this.#calls.set(controller, caller);
    return {
      ended: controller.signal,
      [Symbol.dispose]: () => {
        this.#calls.delete(controller);
      },
    };
  }

  /** Ends every call whose caller this names. */
  end(isEnded: (caller: Caller) => boolean, reason: HoldfastError): void {
    for (const [controller, caller] of this.#calls)
      if (caller !== undefined && isEnded(caller)) controller.abort(reason);
  }
}

/** UNAUTHENTICATED unless the caller showed a certificate of this installation. */
export const requireCaller = ({ caller }: Pick<CallContext, "caller">, installationId: string): Caller => {
  if (caller?.name.installationId === installationId) return caller;
  throw new HoldfastError("UNAUTHENTICATED", "the caller showed no certificate of this installation");
};

/** Aborts `controller` with the reason of whichever comes first; the result unlinks it. */
export const abortWith = (controller: AbortController, ...signals: readonly AbortSignal[]): (() => void) => {
  const unlink = signals.map((signal) =>
    onAbort(signal, (reason) => {
      controller.abort(reason);
    }),
  );
  return () => {
    for (const one of unlink) one();
  };
};
