import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A server's certificate with its key, PEM. */
export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority made for a test. */
export interface TestCa {
  /** PEM. */
  readonly cert: string;
  /** Signs a certificate for `127.0.0.1` or the given name. */
  issue(name?: string): Promise<ServerCertificate>;
}

/** Makes a CA with openssl; everything is in memory afterwards. */
export const makeCa = async (commonName: string): Promise<TestCa> => {
  const ca = await inFolder(async (folder) => {
    await openssl(
      folder,
      `req -x509 ${newKey} -days 30 -addext basicConstraints=critical,CA:TRUE -keyout key -out cert`,
      commonName,
    );
    return readPair(folder);
  });
  return { cert: ca.cert, issue: (name = "127.0.0.1") => issue(ca, name) };
};

const issue = (ca: ServerCertificate, name: string): Promise<ServerCertificate> =>
  inFolder(async (folder) => {
    await writeFile(join(folder, "ca.pem"), ca.cert);
    await writeFile(join(folder, "ca.key"), ca.key, { mode: 0o600 });
    const san = /^[\d.]+$/.test(name) ? `IP:${name}` : `DNS:${name}`;
    await writeFile(join(folder, "ext"), `subjectAltName=${san}\nbasicConstraints=CA:FALSE\n`);
    await openssl(folder, `req ${newKey} -keyout key -out csr`, name);
    await openssl(folder, "x509 -req -in csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile ext -out cert");
    return readPair(folder);
  });

const newKey = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";

const openssl = async (folder: string, args: string, commonName?: string): Promise<void> => {
  const subject = commonName === undefined ? [] : ["-subj", `/O=Test/CN=${commonName}`];
  await run("openssl", [...args.split(" "), ...subject], { cwd: folder });
};

const readPair = async (folder: string): Promise<ServerCertificate> => ({
  cert: await readFile(join(folder, "cert"), "utf8"),
  key: await readFile(join(folder, "key"), "utf8"),
});

const inFolder = async <Value>(use: (folder: string) => Promise<Value>): Promise<Value> => {
  const folder = await mkdtemp(join(tmpdir(), "hf-ca-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
