import { toCheck } from "@holdfast/shared/doctor/check";
import { examineProcess } from "@holdfast/shared/doctor/examine-process";
import { controllerTargets } from "@holdfast/shared/doctor/own-targets";
import { fromTargetMessage } from "@holdfast/shared/doctor/target";
import { productVersion } from "@holdfast/shared/version/product-version";
import type { ServiceDeps } from "../service/deps.ts";
import { deletionFinding } from "./deletion-finding.ts";
import { examineKeyLog } from "./key-log-finding.ts";
import type { Calls } from "../service/types.ts";

const usualTimeoutMs = 20_000;

/** Tells its clock first, so that the caller can tell how far it is off, then what it finds. */
export const examine = ({ store, holder, trust, clock, surroundings }: ServiceDeps): Calls["examine"] =>
  async function* ({ examination }, { signal }) {
    yield {
      clockMs: BigInt(clock.nowMs()),
      version: productVersion,
      trustNumber: trust.current.number,
    };
    const targets = [
      ...controllerTargets(surroundings.controllers),
      ...(examination?.targets ?? []).map(fromTargetMessage),
    ];
    const bounded = AbortSignal.any([signal, clock.timeout(examination?.timeoutMs || usualTimeoutMs)]);
    const { folders } = surroundings;
    const found = await examineProcess({ identity: holder.current, folders, targets, clock }, bounded);
    const keys = store.facts.encryption === undefined ? [] : [await examineKeyLog(store, bounded, signal)];
    const findings = [...found, deletionFinding(store.guardedClock.deletionAllowed()), ...keys];
    // The caller knows whom it asked.
    yield { checks: findings.map((finding) => toCheck({ role: "repository", name: "" }, finding)) };
  };
