import { readFile, readdir, readlink } from "node:fs/promises";

/** A TCP socket of this machine that takes connections. */
export interface Listener {
  readonly pid: number;
  /** True when only this machine reaches it. */
  readonly isLoopback: boolean;
  readonly port: number;
}

/** The TCP sockets on which these processes listen, as the kernel tells it. */
export const findListeners = async (pids: readonly number[]): Promise<readonly Listener[]> => {
  const listening = [...(await readTable("/proc/net/tcp")), ...(await readTable("/proc/net/tcp6"))];
  const found: Listener[] = [];
  for (const pid of pids) {
    const inodes = await socketInodes(pid);
    found.push(
      ...listening.filter(({ inode }) => inodes.has(inode)).map(({ isLoopback, port }) => ({ pid, isLoopback, port })),
    );
  }
  return found;
};

/** State of a socket that listens (tcp(7), TCP_LISTEN), as the table writes it. */
const listenState = "0A";

/** 127.0.0.1 in the byte order of x86 and arm64, ::1, and the former written as the latter. */
const loopbackAddresses = [/^[0-9A-F]{6}7F$/, /^0{24}01000000$/, /^0{16}FFFF0000[0-9A-F]{6}7F$/];

const readTable = async (path: string): Promise<readonly { inode: string; isLoopback: boolean; port: number }[]> => {
  const [, ...rows] = (await readFile(path, "utf8")).trimEnd().split("\n");
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter((columns) => columns[3] === listenState)
    .map((columns) => {
      const [address = "", port = ""] = (columns[1] ?? "").split(":");
      return {
        inode: columns[9] ?? "",
        isLoopback: loopbackAddresses.some((form) => form.test(address)),
        port: Number.parseInt(port, 16),
      };
    });
};

const socketInodes = async (pid: number): Promise<ReadonlySet<string>> => {
  const links = await Promise.all(
    (await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")),
  );
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
};
