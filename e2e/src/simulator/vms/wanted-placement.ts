import type { Engine } from "../engine/engine.ts";
import { refused } from "../engine/engine-fault.ts";
import type { PlacementPolicy } from "../model/vm.ts";
import { resolve } from "./resolve-reference.ts";
import type { VmBody } from "./vm-body.ts";

/** Ids of the hosts that a body's placement names. */
export const wantedHosts = (engine: Engine, body: VmBody | undefined, action: string): readonly string[] =>
  (body?.placement_policy?.hosts ?? []).map((reference) => {
    const host = resolve(engine.world.hosts, reference);
    if (host === undefined) throw refused(`${action}. The provided Host does not exist.`);
    return host.id;
  });

/** The placement of a body laid over another one; undefined when neither says anything. */
export const placementOf = (
  engine: Engine,
  body: VmBody,
  action: string,
  base?: PlacementPolicy,
): PlacementPolicy | undefined => {
  const policy = body.placement_policy;
  if (policy === undefined) return base;
  return {
    affinity: policy.affinity ?? base?.affinity ?? "migratable",
    hostIds: policy.hosts === undefined ? (base?.hostIds ?? []) : wantedHosts(engine, body, action),
  };
};
