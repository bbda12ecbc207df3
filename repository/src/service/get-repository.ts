import { readCertificate } from "@holdfast/shared/identity/certificates";
import { productVersion } from "@holdfast/shared/version/product-version";
import { isGood, isRemoved } from "../catalog/catalog-point.ts";
import { growthPerDay } from "../catalog/growth.ts";
import type { ServiceDeps } from "./deps.ts";
import { describeDeletion } from "./describe-deletion.ts";
import { describeStoreCalls } from "./describe-store-calls.ts";
import { toCoverage } from "./verify-repository.ts";
import type { Calls } from "./types.ts";

/** Answers always, also when uploads are refused, and says why they are (K6). */
export const getRepository =
  (deps: ServiceDeps): Calls["getRepository"] =>
  async () => {
    const { store, catalog, uploads, readings, room, trust, holder, clock } = deps;
    const { undeletePeriodMs, floor, immutabilityMs = 0 } = deps.decisions.settings;
    const { facts, epoch } = store;
    const [{ objects }, { packBytes }, refusesUploads, coverage, keyLog] = await Promise.all([
      store.space(),
      store.counts(),
      room.refusal(),
      toCoverage(deps),
      facts.encryption === undefined ? undefined : store.readKeyLog(),
    ]);
    return {
      repositoryId: facts.repositoryId,
      formatVersion: facts.formatVersion,
      chunkSize: facts.chunkSize,
      hash: "sha256",
      epoch: BigInt(epoch),
      freeBytes: BigInt(objects.freeBytes),
      totalBytes: BigInt(objects.totalBytes),
      lowWaterBytes: BigInt(room.lowWaterBytes),
      storedBytes: BigInt(packBytes),
      points: catalog.size,
      uploads: uploads.size,
      readings: readings.size,
      installationId: trust.current.installationId,
      refusesUploads,
      version: productVersion,
      trustNumber: trust.current.number,
      keyCheck: facts.encryption?.keyCheck ?? "",
      keyListNumber: keyLog?.highest ?? 0,
      certificateExpiresMs: BigInt(readCertificate(holder.current.certificatePem).notAfterMs),
      undeletePeriodMs: BigInt(undeletePeriodMs),
      floor,
      immutabilityMs: BigInt(immutabilityMs),
      reserveBytes: BigInt(room.reserveBytes),
      storeCalls: describeStoreCalls(deps.storeMetrics),
      storeCallsSinceMs: BigInt(deps.startedMs),
      ...describeDeletion(deps),
      coverage,
      hurtPoints: catalog.list().filter((point) => !isGood(point) && !isRemoved(point)).length,
      growthBytesPerDay: BigInt(growthPerDay(catalog.list(), clock.nowMs())),
    };
  };
