import { ChannelCredentials, ServerCredentials } from "@grpc/grpc-js";
import { z } from "zod";

/** How the ends of a gRPC connection prove who they are. Until certificates exist there is one way: not at all. */
export const rpcSecurity = z.strictObject({ mode: z.literal("insecure").default("insecure") });
export type RpcSecurity = z.output<typeof rpcSecurity>;

/** What a server shows its callers; made by `serverCredentials` alone. */
export interface RpcServerCredentials {
  /** False when anyone who reaches the port is answered; such a server listens on this machine only. */
  readonly isSecure: boolean;
  readonly channel: ServerCredentials;
}

/** What a client shows a server; made by `clientCredentials` alone. */
export interface RpcClientCredentials {
  readonly isSecure: boolean;
  readonly channel: ChannelCredentials;
}

/** The one place where a server of ours gets its credentials from. */
export const serverCredentials = (config: RpcSecurity): RpcServerCredentials => {
  switch (config.mode) {
    case "insecure":
      return { isSecure: false, channel: ServerCredentials.createInsecure() };
  }
};

/** The one place where a client of ours gets its credentials from. */
export const clientCredentials = (config: RpcSecurity): RpcClientCredentials => {
  switch (config.mode) {
    case "insecure":
      return { isSecure: false, channel: ChannelCredentials.createInsecure() };
  }
};
