import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** A key, and a certificate for one name or address that is its own anchor. */
export interface TestIdentity {
  readonly key: string;
  readonly cert: string;
}

const run = promisify(execFile);

/** Makes an identity with openssl; `name` is such as `IP:127.0.0.1` or `DNS:other`. */
export const makeTestIdentity = async (name = "IP:127.0.0.1"): Promise<TestIdentity> => {
  const folder = await mkdtemp(join(tmpdir(), "hf-id-"));
  try {
    const [key, cert] = [join(folder, "key"), join(folder, "cert")];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    await run("openssl", [
      "req",
      "-x509",
      ...curve,
      "-days",
      "2",
      "-subj",
      "/CN=test",
      "-addext",
      `subjectAltName=${name}`,
      "-keyout",
      key,
      "-out",
      cert,
    ]);
    return { key: await readFile(key, "utf8"), cert: await readFile(cert, "utf8") };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
