import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";

import type { CaptureRemark } from "../capture/reasons.ts";
import { type StepDeps, throughConflicts } from "../capture/waiting.ts";
import { type BelongingRequest } from "../hypervisor/builds.ts";
import { type FieldDifference, differencesOf, isSecretField, mayBeSame } from "../hypervisor/saved-fields.ts";
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
    if (before.length === 0) return [];
    const refusals = await setAll(deps, request, before, signal);
    const after = await lookAt(deps, request, signal);
    return after
      .filter((difference) => !mayBeSame(difference))
      .map((difference) => remarkOf(difference, refusals.get(difference.field)));
  } catch (caught) {
    signal.throwIfAborted();
    if (hasCode(caught, "ENGINE_UNREACHABLE", "INTERNAL")) throw caught;
    const { code, message } = HoldfastError.from(caught);
    return [{ level: "warning", code: "SETTINGS_NOT_COMPARED", message: `settings: ${code}: ${message}`, diskId: "" }];
  }
};

const lookAt = async (
  { hypervisor }: StepDeps,
  { vmId, saved }: CompleteRequest,
  signal: AbortSignal,
): Promise<readonly FieldDifference[]> =>
  differencesOf(saved, (await hypervisor.getVmConfiguration(vmId, signal)).configuration);

/** What the engine said against a field, by the field. */
type Refusals = Map<string, string>;

const setAll = async (
  deps: StepDeps,
  request: CompleteRequest,
  differences: readonly FieldDifference[],
  signal: AbortSignal,
): Promise<Refusals> => {
  const refusals: Refusals = new Map();
  const fields = differences.map(({ field }) => field);
  const together = await refusalOf(deps, () => setSettings(deps, request, fields, signal), signal);
  // One value that is refused must not take the others with it.
  if (together !== undefined) {
    for (const field of fields) {
      const refusal = await refusalOf(deps, () => setSettings(deps, request, [field], signal), signal);
      if (refusal !== undefined) refusals.set(field, refusal);
    }
  }
  for (const [kind, field] of belongings) {
    if (!fields.includes(field)) continue;
    for (const name of request.saved.belongings?.[kind] ?? []) {
      const { vmId, clusterId } = request;
      const add = () => deps.hypervisor.addBelonging({ vmId, clusterId, kind, name }, signal);
      const refusal = await refusalOf(deps, add, signal);
      if (refusal !== undefined) refusals.set(field, refusal);
    }
  }
  return refusals;
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
  ask: () => Promise<void>,
  signal: AbortSignal,
): Promise<string | undefined> => {
  try {
    await throughConflicts(deps, { what: "a restored vm to be free", deadlineMs: 60_000 }, ask, signal);
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
