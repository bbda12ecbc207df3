import { type Check, takeCheck, toCheck } from "@holdfast/shared/doctor/check";
import { clockFinding, clockOffsetMs } from "@holdfast/shared/doctor/clock-finding";
import { type Finding, toFinding } from "@holdfast/shared/doctor/finding";
import { trustFinding } from "@holdfast/shared/doctor/trust-finding";
import { versionFinding } from "@holdfast/shared/doctor/version-finding";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { RepositoryConnection } from "../repositories/repository-connection.ts";
import { answered, failedAnswer } from "./answer-finding.ts";
import { keyFinding } from "./key-finding.ts";
import type { DoctorDeps, ExamineLimits } from "./doctor-deps.ts";

/** What a repository finds when it looks at itself. Rejects only with the signal's reason: one that does not answer is a finding. */
export const examineRepository = async (
  { identity, version, repositories }: Pick<DoctorDeps, "identity" | "version" | "repositories">,
  repository: Pick<RepositoryConnection, "repositoryId" | "name" | "address" | "examine" | "describe">,
  { timeoutMs, signal }: ExamineLimits,
): Promise<readonly Check[]> => {
  const who = { role: "repository", name: repository.name } as const;
  const trustNumber = identity.authority.trust.current.number;
  try {
    const [found, key] = await Promise.all([
      repository.examine({ version, trustNumber, timeoutMs: timeoutMs * lookShare }, { timeoutMs, signal }),
      examineKey(repository, repositories.keys, signal),
    ]);
    const findings = [
      answered(`${repository.address} answers`, found.clock.roundTripMs),
      versionFinding(found.version, version),
      trustFinding(found.trustNumber, trustNumber),
      clockFinding(clockOffsetMs(found.clock), found.clock.roundTripMs),
      ...(key === undefined ? [] : [key]),
    ];
    return [...findings.map((finding) => toCheck(who, finding)), ...found.checks.map((check) => takeCheck(who, check))];
  } catch (caught) {
    signal.throwIfAborted();
    const advice = `start the repository, or let the controller reach it at ${repository.address}`;
    return [toCheck(who, failedAnswer(caught, advice))];
  }
};

/** What the repository says of its keys beside what is held here; that it does not say it is a finding like others. */
const examineKey = async (
  repository: Pick<RepositoryConnection, "repositoryId" | "name" | "describe">,
  keys: DoctorDeps["repositories"]["keys"],
  signal: AbortSignal,
): Promise<Finding | undefined> => {
  const { repositoryId, name } = repository;
  try {
    return keyFinding(name, await repository.describe(signal), keys.find(repositoryId));
  } catch (caught) {
    signal.throwIfAborted();
    const message = `whether the key is at hand cannot be told: ${HoldfastError.from(caught).message}`;
    return toFinding({ kind: "key", subject: "key at the controller", state: "warning", message, advice: "ask again" });
  }
};

/** What is left of the time is for telling. */
const lookShare = 0.8;
