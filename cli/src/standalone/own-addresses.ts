import { isIPv6 } from "node:net";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { dialledAt } from "../init/whereabouts.ts";

/** Where a standalone listens beside its sockets; port 0 leaves the port to the first start. */
export interface OwnListen {
  readonly host: string;
  readonly port: number;
}

/** Reads `host` or `host:port`; nothing means loopback. */
export const parseOwnListen = (text: string | undefined): OwnListen => {
  if (text === undefined || text === "") return { host: "127.0.0.1", port: 0 };
  if (isIPv6(text)) return { host: text, port: 0 };
  const groups = /^(?<host>\[[^\]]+\]|[^:[\]/]+)(?::(?<port>\d{1,5}))?$/.exec(text)?.groups;
  const port = Number(groups?.["port"] ?? 0);
  if (groups === undefined || port > 65_535)
    throw new HoldfastError("INVALID_ARGUMENT", `--listen is host or host:port, not ${text}`);
  return { host: (groups["host"] ?? "").replaceAll(/[[\]]/g, ""), port };
};

/** `host:port`, with brackets where a host has colons. */
export const joinHost = (host: string, port: number): string =>
  isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;

/** The host by which processes of this machine dial what listens at `host`. */
export const localHost = (host: string): string => {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
};

/** How others dial it: by the machine's name when it listens everywhere. */
export const dialledByOthers = (host: string, port: number): string => dialledAt(joinHost(host, port));
