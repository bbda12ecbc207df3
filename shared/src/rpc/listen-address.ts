import { lookup } from "node:dns/promises";
import { isIPv4, isIPv6 } from "node:net";
import { HoldfastError } from "../errors/holdfast-error.ts";

/** Where a server listens: a unix socket, or an address of this machine with a port (0: any free one). */
export type ListenAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

/** Linux keeps unix socket paths in 108 bytes with their end mark. */
const maxSocketPathBytes = 107;

/** Reads `unix:/path`, `host:port` or `[v6]:port`; anything else is INVALID_ARGUMENT. */
export const parseListenAddress = (text: string): ListenAddress => {
  if (text.startsWith("unix:")) return parseUnixPath(text, text.slice("unix:".length).replace(/^\/\/(?=\/)/, ""));

  const match = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? "";
  const port = Number(match?.[3] ?? Number.NaN);
  if (host === "" || !(port <= 65_535)) {
    throw new HoldfastError("INVALID_ARGUMENT", `not an address to listen on: ${text}`, { details: { address: text } });
  }
  return { kind: "tcp", host, port };
};

/** The address as clients dial it. */
export const formatAddress = (address: ListenAddress): string => {
  if (address.kind === "unix") return `unix:${address.path}`;
  return isIPv6(address.host) ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
};

/** Turns an address into one that may be bound: names resolved, IPv4 first. */
export const resolveListenAddress = async (text: string): Promise<ListenAddress> => {
  const address = parseListenAddress(text);
  if (address.kind === "unix") return address;
  const ips = await resolveHost(address.host);
  return { ...address, host: ips[0] ?? address.host };
};

const resolveHost = async (host: string): Promise<readonly string[]> => {
  if (isIPv4(host) || isIPv6(host)) return [host];
  try {
    const found = await lookup(host, { all: true });
    return found.toSorted((a, b) => a.family - b.family).map(({ address }) => address);
  } catch (caught) {
    throw new HoldfastError("INVALID_ARGUMENT", `cannot resolve ${host}`, { cause: caught });
  }
};

const parseUnixPath = (text: string, path: string): ListenAddress => {
  if (!path.startsWith("/") || Buffer.byteLength(path) > maxSocketPathBytes) {
    throw new HoldfastError("INVALID_ARGUMENT", `not a usable path of a unix socket: ${text}`, {
      details: { address: text, maxBytes: maxSocketPathBytes },
    });
  }
  return { kind: "unix", path };
};
