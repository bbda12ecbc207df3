import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { onAbort } from "@holdfast/shared/lifecycle/abort";
import { startProcess } from "@holdfast/shared/process/child-process";

/** Makes a qcow2 file from a raw one with qemu-img; the raw file stays. UNAVAILABLE when there is no qemu-img. */
export const convertToQcow2 = async (raw: string, qcow2: string, signal: AbortSignal): Promise<void> => {
  const complaints: string[] = [];
  await using process = await startProcess({
    name: "qemu-img",
    command: "qemu-img",
    args: ["convert", "-f", "raw", "-O", "qcow2", "--", raw, qcow2],
    onLine: (line) => {
      complaints.push(line);
    },
  });
  const unlink = onAbort(signal, () => {
    process.kill("SIGTERM");
  });
  const { code } = await process.exited;
  unlink();
  signal.throwIfAborted();
  if (code !== 0) throw new HoldfastError("IO_FAILED", `qemu-img failed: ${complaints.slice(-3).join("; ")}`);
};
