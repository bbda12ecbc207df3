import { createServer } from "node:net";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { derivedName } from "@holdfast/shared/ids/ids";

/**
 * Takes a data directory for this process. Two installations over one directory would take the repository from each other for
 * ever. The lock is a socket in the kernel's own name space, so that it vanishes with its holder, whatever ends that.
 * FAILED_PRECONDITION when it is taken.
 */
export const lockDirectory = async (directory: string): Promise<AsyncDisposable> => {
  const server = createServer((socket) => {
    socket.destroy();
  });
  const taken = Promise.withResolvers<void>();
  server.once("error", taken.reject).listen(`\0holdfast-standalone-${derivedName(20, directory)}`, taken.resolve);
  try {
    await taken.promise;
  } catch (caught) {
    throw new HoldfastError("FAILED_PRECONDITION", `another holdfast standalone runs on ${directory}`, {
      cause: caught,
    });
  }
  return {
    [Symbol.asyncDispose]: async () => {
      const closed = Promise.withResolvers<void>();
      server.close(() => {
        closed.resolve();
      });
      await closed.promise;
    },
  };
};
