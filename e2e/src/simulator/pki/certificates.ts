import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { TlsIdentity } from "../imageio/tickets.ts";
import { runTool } from "../storage/child.ts";

/** A certificate authority in a folder: `NAME.pem` and `NAME.key`. */
export interface Authority {
  readonly name: string;
  readonly directory: string;
  /** File with the authority's certificate, PEM. */
  readonly certificateFile: string;
}

const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** The openssl program's own configuration, without which it adds extensions that we did not ask for. */
const emptyConfig = "[req]\ndistinguished_name=dn\n[dn]\n";

/** Makes `NAME.pem` and `NAME.key` unless both are there; a killed run leaves neither half. */
const make = async (directory: string, name: string, args: readonly string[]): Promise<string> => {
  const certificate = join(directory, `${name}.pem`);
  if (existsSync(certificate)) return certificate;
  await mkdir(directory, { recursive: true });
  const config = join(directory, "openssl.cnf");
  await writeFile(config, emptyConfig);
  await rm(join(directory, `${name}.key`), { force: true });
  await runTool("openssl", [
    "req",
    "-config",
    config,
    "-x509",
    ...key,
    "-keyout",
    join(directory, `${name}.key`),
    "-out",
    `${certificate}.new`,
    ...args,
  ]);
  await rename(`${certificate}.new`, certificate);
  return certificate;
};

/** The authority of that name, made at the first start; valid for ten years. */
export const openAuthority = async (directory: string, name: string, subject: string): Promise<Authority> => {
  const certificateFile = await make(directory, name, [
    "-days",
    "3650",
    "-subj",
    subject,
    "-addext",
    "basicConstraints=critical,CA:TRUE",
    "-addext",
    "keyUsage=critical,keyCertSign,cRLSign",
  ]);
  return { name, directory, certificateFile };
};

/** A server's identity signed by the authority, for loopback and further host names; valid for 398 days as oVirt's are. The chain is sent whole. */
export const openIdentity = async (
  authority: Authority,
  name: string,
  hostNames: readonly string[],
): Promise<TlsIdentity> => {
  const extra = hostNames.filter((one) => one !== "localhost" && one !== "127.0.0.1");
  const names = [
    "IP:127.0.0.1",
    "DNS:localhost",
    ...extra.map((one) => (/^[\d.]+$/.test(one) ? `IP:${one}` : `DNS:${one}`)),
  ];
  const certificate = await make(authority.directory, name, [
    "-CA",
    authority.certificateFile,
    "-CAkey",
    join(authority.directory, `${authority.name}.key`),
    "-days",
    "398",
    "-subj",
    `/O=simulator/CN=${name}`,
    "-addext",
    "basicConstraints=critical,CA:FALSE",
    "-addext",
    "extendedKeyUsage=serverAuth",
    "-addext",
    `subjectAltName=${names.join(",")}`,
  ]);
  return {
    cert: `${await readFile(certificate, "utf8")}${await readFile(authority.certificateFile, "utf8")}`,
    key: await readFile(join(authority.directory, `${name}.key`), "utf8"),
  };
};
