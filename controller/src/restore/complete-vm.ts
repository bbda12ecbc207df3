import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";

import type { CaptureRemark } from "../capture/reasons.ts";
import { type StepDeps, throughConflicts } from "../capture/waiting.ts";
import { type BelongingRequest } from "../hypervisor/builds.ts";
import {
  type FieldDifference,
  differencesOf,
  isSecretField,
  mayBeSame,
  mayBeUnread,
} from "../hypervisor/saved-fields.ts";
import type { VmConfiguration } from "../hypervisor/vm-configuration.ts";

/** A restored VM that is the user's already, and what it was when it was backed up. */
export interface CompleteRequest {
  readonly vmId: string;
  readonly clusterId: string;
  readonly saved: VmConfiguration;
}

/**
 * Compares a restored VM with what was saved, field by field, sets what differs, and tells what stays otherwise, with its field: neither an
 * OVF nor the engine's calls bring everything back everywhere. May be repeated. Only an engine that does not answer makes it fail.
 */
export const completeVm = async (
  deps: StepDeps,
  request: CompleteRequest,
  signal: AbortSignal,
): Promise<readonly CaptureRemark[]> => {
  try {
    const before = await lookAt(deps, request, signal);
    if (before.differences.length === 0) return before.unread.map(notCompared);
    const refusals = await setAll(deps, request, before, signal);
    const { differences, unread } = await lookAt(deps, request, signal);
    const untold = (difference: FieldDifference): boolean => unread.length > 0 && mayBeUnread(difference);
    return differences
      .filter((difference) => !mayBeSame(difference) && !untold(difference))
      .map((difference) => remarkOf(difference, refusals.get(difference.field)))
      .concat(unread.map(notCompared));
  } catch (caught) {
    signal.throwIfAborted();
    if (hasCode(caught, "ENGINE_UNREACHABLE", "INTERNAL")) throw caught;
    const { code, message } = HoldfastError.from(caught);
    return [notCompared(`settings: ${code}: ${message}`)];
  }
};

const notCompared = (message: string): CaptureRemark => ({
  level: "warning",
  code: "SETTINGS_NOT_COMPARED",
  message,
  diskId: "",
});

/** The restored VM as it is now. */
interface Look {
  readonly found: VmConfiguration;
  readonly differences: readonly FieldDifference[];
  /** What the engine did not tell. */
  readonly unread: readonly string[];
}

const lookAt = async (
  { hypervisor }: StepDeps,
  { vmId, saved }: CompleteRequest,
  signal: AbortSignal,
): Promise<Look> => {
  const { configuration, unread = [] } = await hypervisor.getVmConfiguration(vmId, signal);
  return { found: configuration, differences: differencesOf(saved, configuration), unread };
};

/** What the engine said against a field, by the field. */
type Refusals = Map<string, string>;

/** How long a VM that is just made may be busy, whatever is refused meanwhile: engines refuse values with the status of a conflict too. */
const patienceMs = 60_000;

const setAll = async (
  deps: StepDeps,
  request: CompleteRequest,
  { found, differences }: Look,
  signal: AbortSignal,
): Promise<Refusals> => {
  const refusals: Refusals = new Map();
  const fields = differences.map(({ field }) => field);
  const untilMs = deps.clock.monotonicMs() + patienceMs;
  const refusal = (ask: () => Promise<void>) => refusalOf(deps, untilMs, ask, signal);
  const together = await refusal(() => setSettings(deps, request, fields, signal));
  // One value that is refused must not take the others with it.
  if (together !== undefined) {
    for (const field of fields) {
      const alone = await refusal(() => setSettings(deps, request, [field], signal));
      if (alone !== undefined) refusals.set(field, alone);
    }
  }
  for (const [kind, field] of belongings) {
    if (!fields.includes(field)) continue;
    const said: string[] = [];
    for (const name of missingOf(kind, request.saved, found)) {
      const { vmId, clusterId } = request;
      const alone = await refusal(() => deps.hypervisor.addBelonging({ vmId, clusterId, kind, name }, signal));
      if (alone !== undefined) said.push(alone);
    }
    if (said.length > 0) refusals.set(field, said.join("; "));
  }
  return refusals;
};

const missingOf = (
  kind: BelongingRequest["kind"],
  saved: VmConfiguration,
  found: VmConfiguration,
): readonly string[] => {
  const there = found.belongings?.[kind] ?? [];
  return (saved.belongings?.[kind] ?? []).filter((name) => !there.includes(name));
};

const belongings: readonly (readonly [kind: BelongingRequest["kind"], field: string])[] = [
  ["tags", "tags"],
  ["affinityLabels", "affinity_labels"],
  ["affinityGroups", "affinity_groups"],
  ["watchdogs", "watchdogs"],
];

const setSettings = (
  deps: StepDeps,
  { vmId, saved }: CompleteRequest,
  fields: readonly string[],
  signal: AbortSignal,
): Promise<void> => deps.hypervisor.setSettings({ vmId, configuration: saved, fields }, signal);

/** What the engine says against it; undefined when it was done. What it is by then, a second look tells. */
const refusalOf = async (
  deps: StepDeps,
  untilMs: number,
  ask: () => Promise<void>,
  signal: AbortSignal,
): Promise<string | undefined> => {
  try {
    const deadlineMs = Math.max(0, untilMs - deps.clock.monotonicMs());
    await throughConflicts(deps, { what: "a restored vm to be free", deadlineMs }, ask, signal);
    return undefined;
  } catch (caught) {
    signal.throwIfAborted();
    if (hasCode(caught, "ENGINE_UNREACHABLE")) throw caught;
    return HoldfastError.from(caught).message;
  }
};

/** A copy of a template's disks stands alone, as planned. */
const planned: ReadonlySet<string> = new Set(["template"]);

const remarkOf = ({ field, saved, found }: FieldDifference, refusal: string | undefined): CaptureRemark => ({
  level: planned.has(field) ? "notice" : "warning",
  code: "SETTING_NOT_RESTORED",
  message: isSecretField(field)
    ? `${field} is not what was saved`
    : `${field} was ${shown(saved)} and is ${shown(found)}${refusal === undefined ? "" : `: ${refusal}`}`,
  diskId: "",
});

const shown = (value: FieldDifference["found"]): string =>
  value === undefined || value === "" ? "nothing" : String(value).slice(0, 200);
