import { once } from "node:events";
import { createConnection } from "node:net";

/** Says something without TLS to whoever listens, and gives what is answered until the other side hangs up. */
export const speakPlainly = async (address: string, said: string): Promise<string> => {
  const [host = "", port = ""] = address.replace(/^\w+:\/\//, "").split(":");
  const socket = address.startsWith("unix:")
    ? createConnection({ path: address.slice("unix:".length) })
    : createConnection({ host, port: Number(port) });
  let heard = "";
  socket.setEncoding("latin1").on("data", (text: string) => {
    heard += text;
  });
  // A reset ends it as well as a farewell does.
  socket.on("error", () => undefined);
  socket.write(said);
  await once(socket, "close", { signal: AbortSignal.timeout(30_000) });
  return heard;
};

/** How a client of gRPC begins that was told to speak without TLS: preface, empty settings. */
export const plainRpc = `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0`;
