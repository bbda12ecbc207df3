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
  /** How long definitions must have been at rest before a change of them is written. */
  readonly settleMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How the backup of the installation stands in one repository. */
export interface ConfigurationStanding {
  readonly repositoryId: string;
  readonly name: string;
  readonly kept: KeptConfiguration | undefined;
  /** True when no definition changed since it was written. */
  readonly isCurrent: boolean;
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

  const rest = new Rest(deps.settleMs);
  const digestNow = ({ kit }: RecoveryRecord): Promise<string> =>
    definitionDigest(database.queries, [deps.trustNumber(), kit]);

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
    const digest = await digestNow(record);
    const isSettled = rest.look(digest, clock.monotonicMs());
    const writing: Writing = { record, digest, signal, packed: once(() => pack(deps, record)) };
    for (const repository of repositories) {
      const kept = await readKept(database.queries, repository.repositoryId);
      const due = whyDue(kept, { digest, nowMs: clock.nowMs(), timeZone: deps.timeZone });
      if (due !== undefined && (due !== "change" || isSettled)) await writeTo(repository, writing);
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
    standings: async () => {
      const record = await recovery();
      const digest = record === undefined ? undefined : await digestNow(record);
      return await Promise.all(
        deps.repositories().map(async ({ repositoryId, name }) => {
          const kept = await readKept(database.queries, repositoryId);
          const isCurrent = kept !== undefined && kept.digest === digest;
          const sinceMs = since.get(repositoryId) ?? clock.nowMs();
          return { repositoryId, name, kept, isCurrent, problem: problems.get(repositoryId), sinceMs };
        }),
      );
    },
  };
};

/** A change waits for others that come with it, but not for ever. */
const longestRestMs = 30_000;

/** Tells whether definitions are at rest: several changes in a row make one backup. */
class Rest {
  readonly #settleMs: number;
  #digest = "";
  #changedMs = 0;
  #restlessSinceMs: number | undefined;

  constructor(settleMs: number) {
    this.#settleMs = settleMs;
  }

  /** True when the digest has not changed for long enough, or went on changing for too long. */
  look(digest: string, nowMs: number): boolean {
    if (digest !== this.#digest) {
      [this.#digest, this.#changedMs] = [digest, nowMs];
      this.#restlessSinceMs ??= nowMs;
    }
    const isSettled = nowMs - this.#changedMs >= this.#settleMs;
    const isLate = nowMs - (this.#restlessSinceMs ?? nowMs) >= longestRestMs;
    if (isSettled || isLate) this.#restlessSinceMs = undefined;
    return isSettled || isLate;
  }
}

/** Why one is to be written: there is none, a night passed, a definition changed; undefined when none is. */
export const whyDue = (
  kept: KeptConfiguration | undefined,
  now: { readonly digest: string; readonly nowMs: number; readonly timeZone: string },
): "first" | "night" | "change" | undefined => {
  if (kept === undefined) return "first";
  if (calendarDayOf(kept.createdMs, now.timeZone) !== calendarDayOf(now.nowMs, now.timeZone)) return "night";
  return kept.digest === now.digest ? undefined : "change";
};

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
