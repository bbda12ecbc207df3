import { whyEngineTooOld } from "../capture/choose-capture.ts";
import type { Cluster } from "../hypervisor/inventory.ts";
import { isAtLeast, levelText } from "../hypervisor/level.ts";
import type { ManagerCheck } from "./engine-connector.ts";

/**
 * What backups of a manager's VMs can be, by engine version and the levels of its clusters: the first fails the check where it
 * is too old for any, the second only tells what to expect. A VM may have a level of its own.
 */
export const checkCapability = (
  engineVersion: string,
  clusters: readonly Pick<Cluster, "name" | "level">[],
): readonly ManagerCheck[] => {
  const tooOld = whyEngineTooOld(engineVersion);
  const version = { name: "engine version", passed: tooOld === undefined, skipped: false };
  if (tooOld !== undefined) return [{ ...version, message: `ENGINE_NOT_SUPPORTED: ${tooOld}` }];
  const lesser = clusters.flatMap(({ name, level }) => {
    const words = wordsOf(level);
    return words === undefined ? [] : [`${name} (${levelText(level)}): ${words}`];
  });
  const message = lesser.length === 0 ? "changes are tracked in all clusters" : lesser.join("; ");
  return [
    { ...version, message: `${engineVersion} is supported` },
    { name: "compatibility levels", passed: true, skipped: false, message },
  ];
};

const wordsOf = (level: Cluster["level"]): string | undefined => {
  if (!isAtLeast(level, 4, 3)) return "no backup API below 4.3, VMs are read from snapshots";
  if (!isAtLeast(level, 4, 5))
    return "no change tracking below 4.5, every backup reads all; VMs that are down are read from snapshots";
  return undefined;
};
