/** What a step of a walk does to one VM. Disks and snapshots have the walk's own numbers, points are counted from the newest, which is 0. */
export type VmAct =
  | { readonly kind: "write" | "zero" | "discard"; readonly disk: number; readonly seed: number }
  | { readonly kind: "add-disk"; readonly format: "cow" | "raw"; readonly sizeMiB: number }
  | { readonly kind: "remove-disk"; readonly disk: number }
  | { readonly kind: "grow-disk"; readonly disk: number; readonly byMiB: number }
  | { readonly kind: "convert-disk"; readonly disk: number; readonly format: "cow" | "raw" }
  | { readonly kind: "take-snapshot" }
  | {
      readonly kind: "delete-snapshot" | "preview-snapshot" | "restore-snapshot";
      readonly snapshot: number;
    }
  | { readonly kind: "undo-preview" | "commit-preview" }
  | { readonly kind: "power-on" | "power-off" | "power-cut" | "lose-host" }
  | { readonly kind: "spoil-bitmaps"; readonly damage: Damage }
  | { readonly kind: "delete-checkpoints" }
  | { readonly kind: "kill"; readonly target: "agent" | "controller" }
  | { readonly kind: "backup" }
  | {
      readonly kind: "backup-disturbed";
      readonly by: "agent" | "controller" | "host";
      /** The state of the task at which it happens. */
      readonly at: "preparing" | "running" | "settling";
    }
  | { readonly kind: "delete-point"; readonly point: number }
  | { readonly kind: "restore-disk"; readonly point: number; readonly seed: number }
  | { readonly kind: "restore-vm"; readonly point: number };

/** What can be done to the bitmaps of a checkpoint, or to the engine's row of it. */
export type Damage = "missing" | "inconsistent" | "forgetful" | "invalid";

/** One step: something is done to a VM of the walk. */
export interface Step {
  /** Index of the VM. */
  readonly vm: number;
  readonly act: VmAct;
}

/** A step in one line, as the list of a failed walk tells it. */
export const describeStep = ({ vm, act }: Step): string => {
  const { kind, ...rest } = act;
  const facts = Object.entries(rest).map(([name, value]) => `${name} ${String(value)}`);
  return `vm ${vm}: ${[kind, ...facts].join(", ")}`;
};
