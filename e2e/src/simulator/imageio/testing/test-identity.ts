import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TlsIdentity } from "../tickets.ts";

const run = promisify(execFile);

/** A key and a certificate for 127.0.0.1 that is its own CA, made by `openssl` in the folder. */
export const makeTestIdentity = async (dir: string): Promise<TlsIdentity> => {
  const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  await run("openssl", ["req", "-x509", ...curve, "-days", "2", "-keyout", key, "-out", cert, ...names]);
  return { key: await readFile(key, "utf8"), cert: await readFile(cert, "utf8") };
};
