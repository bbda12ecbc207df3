import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";
import { promisify } from "node:util";

/** A port that speaks TLS in front of another. */
export interface TlsFront extends AsyncDisposable {
  readonly endpoint: string;
  /** The certificate that it shows, which nobody but a test trusts. */
  readonly certificateFile: string;
}

/** Starts one in front of a port of 127.0.0.1; key and certificate are made in `folder`. */
export const startTlsFront = async (port: number, folder: string): Promise<TlsFront> => {
  const keyFile = join(folder, "front.key");
  const certificateFile = join(folder, "front.pem");
  const made = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    "-keyout",
    keyFile,
    "-out",
    certificateFile,
  ];
  const named = ["-days", "1", "-subj", "/CN=storage", "-addext", "subjectAltName=IP:127.0.0.1"];
  await promisify(execFile)("openssl", ["req", "-x509", ...made, ...named]);
  const options = { key: await readFile(keyFile), cert: await readFile(certificateFile) };
  const server = createServer(options, (front) => {
    const back = connect(port, "127.0.0.1");
    const end = (): void => {
      front.destroy();
      back.destroy();
    };
    front.on("error", end).on("close", end);
    back.on("error", end).on("close", end);
    front.pipe(back).pipe(front);
  });
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const frontPort = typeof address === "object" && address !== null ? address.port : 0;
  return {
    endpoint: `https://127.0.0.1:${frontPort}`,
    certificateFile,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await Promise.resolve();
    },
  };
};
