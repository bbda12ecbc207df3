import type { IdentityHolder } from "@holdfast/shared/identity/identity";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { Admit } from "@holdfast/shared/rpc/admission";
import { serverCredentials } from "@holdfast/shared/rpc/credentials";
import type { ServedService } from "@holdfast/shared/rpc/implementation";
import { openRpcServer } from "@holdfast/shared/rpc/server";

/** The operators' API on all of its addresses. */
export interface OpenApi extends AsyncDisposable {
  /** Where clients dial it, in the order of the configuration. */
  readonly addresses: readonly string[];
}

interface ApiParts {
  readonly listen: readonly string[];
  readonly holder: IdentityHolder;
  readonly services: readonly ServedService[];
  readonly admit: Admit;
  readonly log: Logger;
}

/** Listens on every address. Callers show no certificates: operators bring a token, joiners an invitation, members a signature. */
export const openApi = async ({ listen, holder, services, admit, log }: ApiParts): Promise<OpenApi> => {
  await using stack = new AsyncDisposableStack();
  const credentials = (): ReturnType<typeof serverCredentials> =>
    serverCredentials(holder, { asksForCertificates: false });
  const addresses: string[] = [];
  for (const one of listen) {
    const server = stack.use(await openRpcServer({ listen: one, credentials: credentials(), services, admit, log }));
    addresses.push(server.address);
  }
  const opened = stack.move();
  return { addresses, [Symbol.asyncDispose]: () => opened.disposeAsync() };
};
