import { toNbdUri } from "@holdfast/shared/nbd/nbd-address";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import type { Engine } from "../engine/engine.ts";
import type { Snapshot, Vm } from "../model/vm.ts";
import { runTool } from "../storage/child.ts";

/** Where a test wants references, copies what a snapshot froze as `<disk id>.raw`, before the snapshot is shown as `ok`. */
export const copyToReference = async (engine: Engine, vm: Vm, snapshot: Snapshot): Promise<void> => {
  const next = engine.hooks.copyAtReady.get(vm.id);
  engine.hooks.copyAtReady.delete(vm.id);
  const every = engine.hooks.copyEveryReady.get(vm.id);
  if (next !== undefined) await copyVolumes(engine, snapshot, next);
  if (every !== undefined) await copyVolumes(engine, snapshot, join(every, encodeURIComponent(snapshot.description)));
};

const copyVolumes = async (engine: Engine, { volumes }: Snapshot, directory: string): Promise<void> => {
  await mkdir(directory, { recursive: true });
  for (const { diskId, imageId } of volumes) {
    await using opened = await engine.storage.openVolumeExport(imageId, { mode: "read" });
    await runTool("nbdcopy", [toNbdUri(opened.address), join(directory, `${diskId}.raw`)]);
  }
};
