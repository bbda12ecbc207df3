import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { TrustKeeper } from "@holdfast/shared/identity/trust-keeper";
import type { LearnRevocations } from "./learn-revocations.ts";
import type { RepositoryConnection } from "../repositories/repository-connection.ts";

/** What each repository knows of the trust bundle, as far as it has answered. */
export class ToldRepositories {
  readonly #trust: Pick<TrustKeeper, "current" | "signed">;
  readonly #learn: LearnRevocations;
  readonly #told = new Map<string, number>();
  /** Those that have seen more than this controller knows. */
  readonly #ahead = new Set<string>();

  constructor(trust: Pick<TrustKeeper, "current" | "signed">, learn: LearnRevocations) {
    this.#trust = trust;
    this.#learn = learn;
  }

  /** True when a repository has seen a later bundle: this controller was put back, and must take nothing back. */
  get isAnyAhead(): boolean {
    return this.#ahead.size > 0;
  }

  /** Those that have not said that they know the present bundle. */
  unknowing(repositories: readonly RepositoryConnection[]): readonly RepositoryConnection[] {
    const { number } = this.#trust.current;
    return repositories.filter(({ repositoryId }) => (this.#told.get(repositoryId) ?? -1) < number);
  }

  /** Tells one, and learns what it remembers that the bundle leaves out; fails as the calls do. */
  async tell(repository: RepositoryConnection, signal: AbortSignal): Promise<void> {
    const { repositoryId } = repository;
    try {
      const { number, remembers } = await repository.updateTrust(this.#trust.signed, signal);
      // Learning makes a later bundle: it is told that one in the next round.
      if (remembers) await this.#learn(repository.name, await repository.seenTrust(signal));
      this.#told.set(repositoryId, number);
      this.#ahead.delete(repositoryId);
    } catch (caught) {
      if (hasCode(caught, "CONTROLLER_OUTDATED")) this.#ahead.add(repositoryId);
      throw caught;
    }
  }
}
