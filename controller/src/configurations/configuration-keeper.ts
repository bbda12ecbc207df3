import type { Clock } from "@holdfast/shared/clock/clock";
import { packConfiguration } from "@holdfast/shared/configuration/configuration-content";
import { sealConfiguration } from "@holdfast/shared/configuration/seal-configuration";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { parseRepositoryId } from "@holdfast/shared/format/repository-id";
import {
  readRecoveryRecord,
  type RecoveryRecord,
  writeRecoveryRecord,
} from "@holdfast/shared/installation/recovery-record";
import { inTurn } from "@holdfast/shared/lifecycle/in-turn";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { RepositoryConnection } from "../repositories/repository-connection.ts";
import { calendarDayOf } from "../retention/calendar-day.ts";
import { collectConfiguration, type ConfigurationSource } from "./collect-configuration.ts";
import { definitionDigest } from "./definition-digest.ts";
import { type KeptConfiguration, readKept, writeKept } from "./kept-configuration.ts";

/** What keeping backups of the installation needs. */
export interface KeeperDeps extends ConfigurationSource {
  /** Where the public half of the recovery key is kept. */
  readonly recoveryFile: string;
  readonly repositories: () => readonly RepositoryConnection[];
  readonly trustNumber: () => number;
  /** IANA zone in which nights are counted. */
  readonly timeZone: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How the backup of the installation stands in one repository. */
export interface ConfigurationStanding {
  readonly repositoryId: string;
  readonly name: string;
  readonly kept: KeptConfiguration | undefined;
  /** Why the last try failed; undefined when it did not. */
  readonly problem: HoldfastError | undefined;
  /** Since when this process keeps backups there. */
  readonly sinceMs: number;
}

/** Writes backups of the installation into its repositories, sealed to the recovery key. */
export interface ConfigurationKeeper {
  /** Writes where a definition changed or a night passed since the last one; what fails is left to the next call. */
  writeDue(signal: AbortSignal): Promise<void>;
  /** Undefined while there is no recovery kit. */
  recovery(): Promise<RecoveryRecord | undefined>;
  /** Takes the public half of a new kit; the next backups are sealed to it. */
  setRecoveryKey(publicKey: Uint8Array): Promise<RecoveryRecord>;
  standings(): Promise<readonly ConfigurationStanding[]>;
}

/** Makes the keeper; nothing is written before the first call. */
export const createConfigurationKeeper = (deps: KeeperDeps): ConfigurationKeeper => {
  const { clock, log, database, recoveryFile } = deps;
  const problems = new Map<string, HoldfastError>();
  const since = new Map<string, number>();
  const next = inTurn();
  const recovery = (): Promise<RecoveryRecord | undefined> => readRecoveryRecord(recoveryFile);

  const writeTo = async (repository: RepositoryConnection, writing: Writing): Promise<void> => {
    const { repositoryId, name } = repository;
    try {
      const kept = await putNext(deps, repository, writing);
      await writeKept(database.queries, repositoryId, kept);
      if (problems.delete(repositoryId)) log.info("the installation is backed up again", { repository: name });
      log.info("installation backed up", { repository: name, number: kept.number });
    } catch (caught) {
      if (writing.signal.aborted) return;
      if (!problems.has(repositoryId)) log.warn("the installation is not backed up", { repository: name, err: caught });
      problems.set(repositoryId, HoldfastError.from(caught));
    }
  };
  const writeDue = async (signal: AbortSignal): Promise<void> => {
    const record = await recovery();
    const repositories = deps.repositories();
    for (const { repositoryId } of repositories) if (!since.has(repositoryId)) since.set(repositoryId, clock.nowMs());
    if (record === undefined) return;
    const digest = await definitionDigest(database.queries, [deps.trustNumber(), record.kit]);
    const writing: Writing = { record, digest, signal, packed: once(() => pack(deps, record)) };
    for (const repository of repositories) {
      const kept = await readKept(database.queries, repository.repositoryId);
      if (isDue(kept, { digest, nowMs: clock.nowMs(), timeZone: deps.timeZone })) await writeTo(repository, writing);
    }
  };
  return {
    writeDue: (signal) => next(() => writeDue(signal)),
    recovery,
    setRecoveryKey: (publicKey) =>
      next(async () => {
        const record = { kit: ((await recovery())?.kit ?? 0) + 1, publicKey, madeMs: clock.nowMs() };
        await writeRecoveryRecord(recoveryFile, record);
        log.info("recovery kit renewed", { kit: record.kit });
        return record;
      }),
    standings: () =>
      Promise.all(
        deps.repositories().map(async ({ repositoryId, name }) => ({
          repositoryId,
          name,
          kept: await readKept(database.queries, repositoryId),
          problem: problems.get(repositoryId),
          sinceMs: since.get(repositoryId) ?? clock.nowMs(),
        })),
      ),
  };
};

/** True when there is none, a definition changed since, or a night passed. */
export const isDue = (
  kept: KeptConfiguration | undefined,
  now: { readonly digest: string; readonly nowMs: number; readonly timeZone: string },
): boolean =>
  kept === undefined ||
  kept.digest !== now.digest ||
  calendarDayOf(kept.createdMs, now.timeZone) !== calendarDayOf(now.nowMs, now.timeZone);

/** One round of writing: collected once, sealed for each repository. */
interface Writing {
  readonly record: RecoveryRecord;
  readonly digest: string;
  readonly signal: AbortSignal;
  readonly packed: () => Promise<Packed>;
}

interface Packed {
  readonly bytes: Uint8Array;
  readonly createdMs: number;
}

const pack = async (deps: KeeperDeps, { kit }: RecoveryRecord): Promise<Packed> => {
  const createdMs = deps.clock.nowMs();
  return { bytes: await packConfiguration(await collectConfiguration(deps, { kit, createdMs })), createdMs };
};

const putNext = async (
  { installationId }: KeeperDeps,
  repository: RepositoryConnection,
  { record, digest, signal, packed }: Writing,
): Promise<KeptConfiguration> => {
  // First, so that nothing is collected for a repository that is out of reach.
  const there = await repository.listConfigurations(signal);
  const { bytes, createdMs } = await packed();
  const own = there.filter((one) => one.installationId === installationId);
  const number = Math.max(0, ...own.map((one) => one.number)) + 1;
  const repositoryId = parseRepositoryId(repository.repositoryId);
  const { publicKey } = record;
  await repository.putConfiguration(
    number,
    sealConfiguration(bytes, { repositoryId, number, createdMs, publicKey }),
    signal,
  );
  return { number, createdMs, digest };
};

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
};
