import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { onAbort } from "@holdfast/shared/lifecycle/abort";
import { startProcess } from "@holdfast/shared/process/child-process";

/** Formats that a disk can be exported in; all but raw are made by qemu-img. */
export const imageFormats = ["raw", "qcow2", "vmdk", "vhdx"] as const;

/** One of them. */
export type ImageFormat = (typeof imageFormats)[number];

/** Makes a sparse file of another format from a raw one with qemu-img; the raw file stays. UNAVAILABLE when there is no qemu-img. */
export const convertImage = async (
  {
    raw,
    target,
    format,
  }: { readonly raw: string; readonly target: string; readonly format: Exclude<ImageFormat, "raw"> },
  signal: AbortSignal,
): Promise<void> => {
  const complaints: string[] = [];
  await using process = await startProcess({
    name: "qemu-img",
    command: "qemu-img",
    args: ["convert", "-f", "raw", "-O", format, "--", raw, target],
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
