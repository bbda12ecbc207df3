import type { ConnectionOptions } from "nats";
import { z } from "zod";

/** How a client proves to the bus who it is. Until identities exist there is one way: not at all. */
export const busSecurity = z.strictObject({ mode: z.literal("insecure").default("insecure") });
export type BusSecurity = z.output<typeof busSecurity>;

/** What a client shows the bus; made by `busCredentials` alone. */
export interface BusCredentials {
  /** False when the bus cannot tell clients apart; it must be on this machine then. */
  readonly isSecure: boolean;
  readonly options: Pick<ConnectionOptions, "authenticator" | "tls">;
}

/** The one place where a client of the bus gets its credentials from. */
export const busCredentials = (config: BusSecurity): BusCredentials => {
  switch (config.mode) {
    case "insecure":
      return { isSecure: false, options: {} };
  }
};
