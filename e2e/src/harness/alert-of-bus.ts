import { once } from "node:events";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { systemClock } from "@holdfast/shared/clock/clock";
import type { Identity } from "@holdfast/shared/identity/identity";

/**
 * The code of the alert with which nats-server ends a handshake, waited for without a word of ours; rejects when it takes the
 * certificate. The client library tells only that nobody answered in time.
 */
export const alertOfBus = async (address: string, identity: Identity): Promise<string> => {
  const { hostname, port } = new URL(address);
  const signal = systemClock.timeout(10_000);
  const plain = connect(Number(port), hostname);
  try {
    // The server greets in clear, and goes on in TLS.
    await once(plain, "data", { signal });
    const { caPem: ca, certificatePem: cert, keyPem: key } = identity;
    const socket = connectTls({ socket: plain, ca, cert, key, checkServerIdentity: () => undefined });
    const alerted = Promise.withResolvers<string>();
    socket.on("error", (error: NodeJS.ErrnoException) => alerted.resolve(error.code ?? error.message));
    socket.on("data", (said) => alerted.reject(new Error(`the bus talks: ${said.toString()}`)));
    socket.on("close", () => alerted.reject(new Error("the bus hung up without an alert")));
    return await alerted.promise;
  } finally {
    plain.destroy();
  }
};
