import type { BusAccounts } from "./bus-accounts.ts";

/** Where nats-server listens and what it reads; every path absolute. */
export interface BusServerFiles {
  /** `host:port`; port -1 for any free one. */
  readonly listen: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly caFile: string;
  /** A folder of its own, where it keeps the account JWTs that it was told. */
  readonly accountsDir: string;
}

/** The configuration of nats-server (2.9.10 or newer) in operator mode: mutual TLS, and nobody without a JWT of this installation. */
export const busConfiguration = (files: BusServerFiles, accounts: BusAccounts): string =>
  [
    "# The bus of a Holdfast installation; made by `holdfast init`. Messages only: nothing is stored.",
    `listen: ${quoted(files.listen)}`,
    "",
    "tls {",
    `  cert_file: ${quoted(files.certificateFile)}`,
    `  key_file: ${quoted(files.keyFile)}`,
    `  ca_file: ${quoted(files.caFile)}`,
    "  # Every client shows a certificate of this installation.",
    "  verify: true",
    "  timeout: 5",
    "}",
    "",
    `operator: ${quoted(accounts.operatorJwt)}`,
    `system_account: ${accounts.systemAccountId}`,
    `resolver: { type: full, dir: ${quoted(files.accountsDir)}, allow_delete: false, interval: "2m" }`,
    "resolver_preload: {",
    `  ${accounts.accountId}: ${quoted(accounts.accountJwt)}`,
    `  ${accounts.systemAccountId}: ${quoted(accounts.systemAccountJwt)}`,
    "}",
    "",
    "# Orders carry a VM's OVF; the largest seen are a few hundred KiB.",
    "max_payload: 1MB",
    "max_pending: 16MB",
    "max_connections: 1024",
    "",
    "# A client that does not answer is gone after at most 30 seconds.",
    'ping_interval: "10s"',
    "ping_max: 2",
    'write_deadline: "5s"',
    "",
  ].join("\n");

const quoted = (text: string): string => JSON.stringify(text);
