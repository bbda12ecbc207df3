import { chmod, stat, unlink } from "node:fs/promises";
import { connect } from "node:net";
import { HoldfastError } from "../errors/holdfast-error.ts";

/** Removes the socket file that a killed server left behind; one that still answers, or another file, is ALREADY_EXISTS. */
export const removeStaleSocket = async (path: string): Promise<void> => {
  const found = await stat(path).catch(ignoreMissing);
  if (found === undefined) return;

  if (!found.isSocket() || (await answers(path))) {
    throw new HoldfastError("ALREADY_EXISTS", `something is at the socket path already: ${path}`, {
      details: { path },
    });
  }
  await unlink(path).catch(ignoreMissing);
};

/** Keeps other users of the machine away from a server that cannot tell callers apart. */
export const keepSocketPrivate = (path: string): Promise<void> => chmod(path, 0o600);

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ path });
    const settle = (isAlive: boolean) => (): void => {
      socket.destroy();
      resolve(isAlive);
    };
    socket.once("connect", settle(true));
    socket.once("error", settle(false));
  });

const ignoreMissing = (caught: unknown): undefined => {
  if (caught instanceof Error && "code" in caught && caught.code === "ENOENT") return undefined;
  throw caught;
};
