import { once } from "node:events";
import { type Socket, connect } from "node:net";
import type { ListenAddress } from "../rpc/listen-address.ts";

/** Connects without saying anything; fails with the system's error or the signal's reason. */
export const openConnection = async (address: ListenAddress, signal: AbortSignal): Promise<Socket> => {
  const socket = address.kind === "unix" ? connect({ path: address.path }) : connect(address);
  try {
    await once(socket, "connect", { signal });
    return socket;
  } catch (caught) {
    socket.destroy();
    signal.throwIfAborted();
    throw caught;
  }
};

/** A server of the bus speaks first, in clear, and only then does TLS: more than this it never says. */
const longestGreeting = 65_536;

/** Takes the line with which a server of the bus greets; what follows on the socket is TLS. */
export const takeGreeting = async (socket: Socket, signal: AbortSignal): Promise<void> => {
  let taken = "";
  while (!taken.includes("\r\n")) {
    const bytes: unknown = socket.read();
    if (bytes instanceof Buffer) taken += bytes.toString("latin1");
    else await once(socket, "readable", { signal });
    if (socket.readableEnded || taken.length > longestGreeting) throw new Error("it did not greet as a bus does");
  }
};
