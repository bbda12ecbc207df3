import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { z } from "zod";
import { type Child, startChild } from "./child.ts";
import { QmpClient, type QmpEvent } from "./qmp-client.ts";
import { driverOf, type VolumeFile } from "./volume-store.ts";

/** A volume as a node of a daemon's block graph. */
export interface VolumeNode {
  readonly file: VolumeFile;
  /** QEMU's names; at most 31 characters, so they are numbers of ours. */
  readonly name: string;
  readonly fileNode: string;
  readOnly: boolean;
  backing: VolumeNode | undefined;
}

/** One step of a transaction, in QMP's words. */
export interface TransactionAction {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A bitmap of a node as QEMU has it in memory. */
export interface NodeBitmap {
  readonly name: string;
  readonly recording: boolean;
  readonly sound: boolean;
}

const nodesSchema = z.array(
  z.object({
    "node-name": z.string(),
    image: z.object({ "virtual-size": z.number() }),
    "dirty-bitmaps": z
      .array(z.object({ name: z.string().optional(), recording: z.boolean(), inconsistent: z.boolean().optional() }))
      .optional(),
  }),
);

/** Starts a `qemu-storage-daemon` with an NBD server on the socket and no volumes yet. */
export const startStorageDaemon = async (socketPath: string): Promise<StorageDaemon> => {
  const child = await startChild("qemu-storage-daemon", ["--chardev", "stdio,id=qmp", "--monitor", "chardev=qmp"]);
  const daemon = new StorageDaemon(child, socketPath);
  try {
    await daemon.execute("qmp_capabilities");
    await daemon.execute("nbd-server-start", { addr: { type: "unix", data: { path: socketPath } } });
    return daemon;
  } catch (caught) {
    await child.end("SIGKILL");
    throw caught;
  }
};

/** A block layer without a guest: volumes as nodes, NBD exports of them, jobs on them. Disposing of it ends it in order. */
export class StorageDaemon implements AsyncDisposable {
  readonly child: Child;
  readonly socketPath: string;
  readonly #qmp: QmpClient;
  readonly #nodes = new Map<string, VolumeNode>();
  #names = 0;

  constructor(child: Child, socketPath: string) {
    this.child = child;
    this.socketPath = socketPath;
    this.#qmp = new QmpClient(child);
  }

  execute(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    return this.#qmp.execute(command, args);
  }

  /** All steps at one moment, or none. */
  async transaction(actions: readonly TransactionAction[]): Promise<void> {
    if (actions.length > 0) await this.execute("transaction", { actions });
  }

  /** The next event of this name whose fields are these. Ask before the command that causes it. */
  next(name: string, fields: Readonly<Record<string, unknown>>): Promise<QmpEvent> {
    const entries = Object.entries(fields);
    return this.#qmp.next(
      (event) => event.name === name && entries.every(([key, value]) => event.fields[key] === value),
    );
  }

  /** A name for a node, job or export that this daemon has not used. */
  newName(prefix: string): string {
    this.#names += 1;
    return `${prefix}${this.#names}`;
  }

  /** The node of a volume that is open here. */
  find(volumeId: string): VolumeNode | undefined {
    return this.#nodes.get(volumeId);
  }

  /** The node of a volume that must be open here. */
  get(volumeId: string): VolumeNode {
    const node = this.find(volumeId);
    if (!node) throw new HoldfastError("FAILED_PRECONDITION", `the volume ${volumeId} is not open in this process`);
    return node;
  }

  /** Opens a chain (topmost first) for writing to its top; layers that are open already are shared. */
  async open(chain: readonly VolumeFile[]): Promise<VolumeNode> {
    let node: VolumeNode | undefined;
    for (const [depth, file] of [...chain.entries()].toReversed()) {
      node = this.find(file.volumeId) ?? (await this.add(file, { readOnly: depth > 0, backing: node }));
    }
    if (!node) throw new HoldfastError("INVALID_ARGUMENT", "an empty chain");
    return node;
  }

  /** Adds one volume as a node on the given one. */
  async add(
    file: VolumeFile,
    place: { readonly readOnly: boolean; readonly backing: VolumeNode | undefined },
  ): Promise<VolumeNode> {
    const node: VolumeNode = { file, name: this.newName("v"), fileNode: this.newName("f"), ...place };
    await this.execute("blockdev-add", {
      driver: "file",
      "node-name": node.fileNode,
      filename: file.path,
      "auto-read-only": true,
      discard: "unmap",
    });
    try {
      await this.execute("blockdev-add", optionsOf(node));
    } catch (caught) {
      await this.execute("blockdev-del", { "node-name": node.fileNode });
      throw caught;
    }
    this.#nodes.set(file.volumeId, node);
    return node;
  }

  /** Makes a node writable or not; when it stops being writable, its persistent bitmaps are stored in the file. */
  async reopen(node: VolumeNode, readOnly: boolean): Promise<void> {
    if (node.readOnly === readOnly) return;
    await this.execute("blockdev-reopen", { options: [optionsOf({ ...node, readOnly })] });
    node.readOnly = readOnly;
  }

  /** Removes one node that nothing uses. */
  async remove(node: VolumeNode): Promise<void> {
    await this.execute("blockdev-del", { "node-name": node.name });
    await this.execute("blockdev-del", { "node-name": node.fileNode });
    this.#nodes.delete(node.file.volumeId);
  }

  /** Removes a chain from its top down to the first layer that another chain uses. */
  async close(volumeId: string): Promise<void> {
    let node = this.find(volumeId);
    while (node && !this.#isBacking(node)) {
      const below: VolumeNode | undefined = node.backing;
      await this.remove(node);
      node = below;
    }
  }

  /** Size and bitmaps of an open volume, as QEMU has them now. */
  async inspect(node: VolumeNode): Promise<{ readonly sizeBytes: number; readonly bitmaps: readonly NodeBitmap[] }> {
    const all = nodesSchema.parse(await this.execute("query-named-block-nodes", { flat: true }));
    const found = all.find((entry) => entry["node-name"] === node.name);
    if (!found) throw new HoldfastError("INTERNAL", `QEMU lost the node of volume ${node.file.volumeId}`);
    const bitmaps = (found["dirty-bitmaps"] ?? []).flatMap(({ name, recording, inconsistent }) =>
      name === undefined ? [] : [{ name, recording, sound: !inconsistent }],
    );
    return { sizeBytes: found.image["virtual-size"], bitmaps };
  }

  /** Ends an export at once and waits until it is gone. */
  async removeExport(id: string): Promise<void> {
    const deleted = this.next("BLOCK_EXPORT_DELETED", { id });
    await this.execute("block-export-del", { id, mode: "hard" });
    await deleted;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.alive) await this.execute("quit").catch(() => undefined);
    await this.child.exited;
  }

  #isBacking(node: VolumeNode): boolean {
    return [...this.#nodes.values()].some((other) => other.backing === node);
  }
}

const optionsOf = (node: VolumeNode): Readonly<Record<string, unknown>> => ({
  driver: driverOf(node.file.format),
  "node-name": node.name,
  file: node.fileNode,
  "read-only": node.readOnly,
  discard: "unmap",
  ...(node.file.format === "cow" ? { backing: node.backing?.name ?? null } : {}),
});
