import { systemClock, type Clock } from "@holdfast/shared/clock/clock";
import { openNbd } from "@holdfast/shared/nbd/connection";
import type { NbdAddress } from "@holdfast/shared/nbd/nbd-address";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "undici";
import type { BlockLayer, VolumeExport } from "../../storage/block-layer.ts";
import { openBlockLayer } from "../../storage/qemu-block-layer.ts";
import { openHostDaemon } from "../host-daemon.ts";
import type { ImageioDaemon, TicketSpec, TlsIdentity } from "../tickets.ts";
import { makeTestIdentity } from "./test-identity.ts";

/** A host's daemon over a real volume, with an HTTP client per connection wanted. */
export interface ImageioLab extends AsyncDisposable {
  readonly identity: TlsIdentity;
  readonly unixSocket: string;
  readonly layer: BlockLayer;
  readonly host: ImageioDaemon;
  /** Size of the volume `v`, whose first 3 MiB are random and whose rest reads as zeroes. */
  readonly sizeBytes: number;
  readonly content: Buffer;
  /** Adds a ticket for an address. */
  addTicketOf(address: NbdAddress, parts?: Partial<TicketSpec>): void;
  /** Adds a ticket for a new export of the volume. */
  addTicket(parts?: Partial<TicketSpec>): Promise<VolumeExport>;
  /** One connection to a daemon over TLS. */
  client(port?: number): Client;
}

const MiB = 1024 * 1024;

/** Everything a test of a daemon needs, in a folder of its own. */
export const openImageioLab = async (clock: Clock = systemClock): Promise<ImageioLab> => {
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "hf-io-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const identity = await makeTestIdentity(dir);
  const layer = stack.use(await openBlockLayer({ stateDir: join(dir, "state"), runDir: join(dir, "run") }));
  const sizeBytes = 10 * MiB + 512;
  await layer.createVolume({ id: "v", format: "cow", origin: { kind: "empty", sizeBytes } });
  const content = Buffer.alloc(sizeBytes);
  randomBytes(3 * MiB).copy(content);
  await fill(layer, content.subarray(0, 3 * MiB));
  const unixSocket = `\0hf-imageio-${randomBytes(6).toString("hex")}`;
  const host = stack.use(await openHostDaemon({ identity, clock, unixSocket }));
  const opened = stack.move();
  return {
    identity,
    unixSocket,
    layer,
    host,
    sizeBytes,
    content,
    addTicketOf: (address, parts = {}) => host.tickets.add({ ...plainTicket(address, sizeBytes), ...parts }),
    addTicket: async (parts = {}) => {
      const mode = parts.operation === "write" ? "write" : "read";
      const source = await layer.openVolumeExport("v", { mode });
      host.tickets.add({ ...plainTicket(source.address, sizeBytes), ...parts });
      return source;
    },
    client: (port = host.port) => {
      const client = new Client(`https://127.0.0.1:${port}`, { connect: { ca: identity.cert }, pipelining: 1 });
      opened.defer(() => client.destroy());
      return client;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
};

const fill = async (layer: BlockLayer, bytes: Buffer): Promise<void> => {
  await using target = await layer.openVolumeExport("v", { mode: "write" });
  await using volume = await openNbd(target.address);
  await volume.write(bytes, 0);
};

const plainTicket = (address: NbdAddress, sizeBytes: number): TicketSpec => ({
  id: "T",
  transferId: "TR",
  sizeBytes,
  operation: "read",
  timeoutSeconds: 300,
  inactivityTimeoutSeconds: 60,
  dirty: false,
  target: { kind: "nbd", address },
});
