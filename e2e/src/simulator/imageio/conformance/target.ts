import { readFile } from "node:fs/promises";

import { systemClock } from "@holdfast/shared/clock/clock";

import { openProxyDaemon } from "../proxy-daemon.ts";
import type { ImageioDaemon } from "../tickets.ts";
import { type ImageioLab, openImageioLab } from "../testing/imageio-lab.ts";

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

/** A host's daemon of the simulator, its proxy, or the one that the environment names. */
export type Place = "host" | "proxy" | "environment";

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

/** Tickets of the same ids at a proxy before the host. */
const openProxy = async (lab: ImageioLab): Promise<ImageioDaemon> => {
  const proxy = await openProxyDaemon({ identity: lab.identity, clock: systemClock, hostCa: lab.identity.cert });
  const common = { transferId: "TR", sizeBytes: lab.sizeBytes, inactivityTimeoutSeconds: 60, dirty: false } as const;
  const target = { kind: "http", origin: `https://127.0.0.1:${lab.host.port}` } as const;
  for (const id of ["R", "W", "D", "E"]) {
    const operation = id === "W" ? "write" : "read";
    proxy.tickets.add({ ...common, id, operation, timeoutSeconds: id === "E" ? 0 : 300, target });
  }
  return proxy;
};

/** The simulator's own daemon, over real volumes. */
const ownDaemon = async (place: Place): Promise<ImageioTarget> => {
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
  const { port } = place === "proxy" ? stack.use(await openProxy(lab)) : lab.host;
  const urlOf = (ticket: string): string => `https://127.0.0.1:${port}/images/${ticket}`;
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

/** The daemons that a run looks at: the one of the environment, or the simulator's own two. */
export const placesOf = (env: NodeJS.ProcessEnv): readonly Place[] =>
  env["HOLDFAST_IMAGEIO_READ_URL"] === undefined ? ["host", "proxy"] : ["environment"];

/** What the environment names (`HOLDFAST_IMAGEIO_READ_URL`, `…_WRITE_URL` and more), or a daemon of the simulator. */
export const openTarget = async (place: Place, env: NodeJS.ProcessEnv): Promise<ImageioTarget> => {
  if (place !== "environment") return ownDaemon(place);
  const named = await fromEnvironment(env);
  if (named === undefined) throw new Error("HOLDFAST_IMAGEIO_WRITE_URL is missing");
  return named;
};
