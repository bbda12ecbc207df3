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
export class ConfigurationKeeper {
  readonly #deps: KeeperDeps;
  readonly #rest: Rest;
  readonly #problems = new Map<string, HoldfastError>();
  readonly #since = new Map<string, number>();
  readonly #next = inTurn();

  /** Nothing is written before the first call. */
  constructor(deps: KeeperDeps) {
    this.#deps = deps;
    this.#rest = new Rest(deps.settleMs);
  }

  /** Writes where a definition changed or a night passed since the last one; what fails is left to the next call. */
  writeDue(signal: AbortSignal): Promise<void> {
    return this.#next(() => this.#writeDue(signal));
  }

  /** What is kept of the recovery kit; undefined while there is none. */
  recovery(): Promise<RecoveryRecord | undefined> {
    return readRecoveryRecord(this.#deps.recoveryFile);
  }

  /** Takes the public half of a new kit; the next backups are sealed to it. */
  setRecoveryKey(publicKey: Uint8Array): Promise<RecoveryRecord> {
    const { clock, log, recoveryFile } = this.#deps;
    return this.#next(async () => {
      const record = { kit: ((await this.recovery())?.kit ?? 0) + 1, publicKey, madeMs: clock.nowMs() };
      await writeRecoveryRecord(recoveryFile, record);
      log.info("recovery kit renewed", { kit: record.kit });
      return record;
    });
  }

  /** How it stands in each repository. */
  async standings(): Promise<readonly ConfigurationStanding[]> {
    const { repositories, database, clock } = this.#deps;
    const record = await this.recovery();
    const digest = record === undefined ? undefined : await this.#digest(record);
    return await Promise.all(
      repositories().map(async ({ repositoryId, name }) => {
        const kept = await readKept(database.queries, repositoryId);
        const isCurrent = kept !== undefined && kept.digest === digest;
        const sinceMs = this.#since.get(repositoryId) ?? clock.nowMs();
        return { repositoryId, name, kept, isCurrent, problem: this.#problems.get(repositoryId), sinceMs };
      }),
    );
  }

  async #writeDue(signal: AbortSignal): Promise<void> {
    const { clock, database, timeZone } = this.#deps;
    const repositories = this.#deps.repositories();
    for (const { repositoryId } of repositories)
      if (!this.#since.has(repositoryId)) this.#since.set(repositoryId, clock.nowMs());
    const record = await this.recovery();
    if (record === undefined) return;
    const digest = await this.#digest(record);
    const isSettled = this.#rest.look(digest, clock.monotonicMs());
    const writing: Writing = { record, digest, signal, packed: once(() => pack(this.#deps, record)) };
    for (const repository of repositories) {
      const kept = await readKept(database.queries, repository.repositoryId);
      const due = whyDue(kept, { digest, nowMs: clock.nowMs(), timeZone });
      if (due !== undefined && (due !== "change" || isSettled)) await this.#writeTo(repository, writing);
    }
  }

  async #writeTo(repository: RepositoryConnection, writing: Writing): Promise<void> {
    const { log, database } = this.#deps;
    const { repositoryId, name } = repository;
    try {
      const kept = await putNext(this.#deps, repository, writing);
      await writeKept(database.queries, repositoryId, kept);
      if (this.#problems.delete(repositoryId)) log.info("the installation is backed up again", { repository: name });
      log.info("installation backed up", { repository: name, number: kept.number });
    } catch (caught) {
      if (writing.signal.aborted) return;
      if (!this.#problems.has(repositoryId))
        log.warn("the installation is not backed up", { repository: name, err: caught });
      this.#problems.set(repositoryId, HoldfastError.from(caught));
    }
  }

  #digest({ kit }: RecoveryRecord): Promise<string> {
    return definitionDigest(this.#deps.database.queries, [this.#deps.trustNumber(), kit]);
  }
}

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
