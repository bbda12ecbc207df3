import { readFile } from "node:fs/promises";

import { openImageioLab } from "../testing/imageio-lab.ts";

/** URLs of tickets of an imageio daemon, which the suite speaks to and knows nothing else of. */
export interface ImageioTarget extends AsyncDisposable {
  /** A read ticket, not of an increment. Its image may be a copy of anything. */
  readonly readUrl: string;
  /** A write ticket of an image of at least 3 MiB **whose contents are lost**. */
  readonly writeUrl: string;
  /** A read ticket of an increment, with exactly one bitmap. */
  readonly dirtyUrl?: string | undefined;
  /** A ticket that is known and whose time is over. */
  readonly expiredUrl?: string | undefined;
  /** What the daemon's certificate is checked against; the system's authorities when absent. */
  readonly ca?: string | undefined;
}

const fromEnvironment = async (env: NodeJS.ProcessEnv): Promise<ImageioTarget | undefined> => {
  const [readUrl, writeUrl] = [env["HOLDFAST_IMAGEIO_READ_URL"], env["HOLDFAST_IMAGEIO_WRITE_URL"]];
  if (readUrl === undefined || writeUrl === undefined) return undefined;
  const file = env["HOLDFAST_IMAGEIO_CA"];
  return {
    readUrl,
    writeUrl,
    dirtyUrl: env["HOLDFAST_IMAGEIO_DIRTY_URL"],
    expiredUrl: env["HOLDFAST_IMAGEIO_EXPIRED_URL"],
    ca: file === undefined ? undefined : await readFile(file, "utf8"),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
};

/** The simulator's own daemon, over real volumes. */
const ownDaemon = async (): Promise<ImageioTarget> => {
  await using stack = new AsyncDisposableStack();
  const lab = stack.use(await openImageioLab());
  const disk = { diskId: "d", volumeId: "v" };
  await lab.layer.startCapture({ kind: "cold", id: "1", disks: [{ ...disk, newCheckpointId: "c1" }] });
  await lab.layer.endCapture("1");
  await lab.layer.createVolume({ id: "w", format: "cow", origin: { kind: "empty", sizeBytes: lab.sizeBytes } });
  const writable = stack.use(await lab.layer.openVolumeExport("w", { mode: "write" }));
  await lab.layer.startCapture({ kind: "cold", id: "2", disks: [{ ...disk, since: ["c1"] }] });
  const changes = stack.use(await lab.layer.openCaptureExport("2", "d"));
  const whole = stack.use(await lab.layer.openVolumeExport("v", { mode: "read" }));
  lab.addTicketOf(whole.address, { id: "R" });
  lab.addTicketOf(writable.address, { id: "W", operation: "write" });
  lab.addTicketOf(changes.address, { id: "D", dirty: true });
  lab.addTicketOf(whole.address, { id: "E", timeoutSeconds: 0 });
  const urlOf = (ticket: string): string => `https://127.0.0.1:${lab.host.port}/images/${ticket}`;
  const opened = stack.move();
  return {
    readUrl: urlOf("R"),
    writeUrl: urlOf("W"),
    dirtyUrl: urlOf("D"),
    expiredUrl: urlOf("E"),
    ca: lab.identity.cert,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
};

/** What the environment names (`HOLDFAST_IMAGEIO_READ_URL`, `…_WRITE_URL` and more), or the simulator's own daemon. */
export const openTarget = async (env: NodeJS.ProcessEnv): Promise<ImageioTarget> =>
  (await fromEnvironment(env)) ?? ownDaemon();
