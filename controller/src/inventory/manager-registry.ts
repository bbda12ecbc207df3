import { Semaphore } from "@holdfast/shared/lifecycle/bounded";
import type { Clock } from "@holdfast/shared/clock/clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type RandomBytes, randomName } from "@holdfast/shared/ids/ids";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { Database } from "../database/database.ts";
import { listManagers, markRefused, removeManager, saveManager } from "../database/managers-table.ts";
import type { EngineIdentity } from "../hypervisor/inventory.ts";
import type { SecretBox } from "../secrets/secret-box.ts";
import type { EngineConnector } from "./engine-connector.ts";
import { ManagerConnection } from "./manager-connection.ts";
import type { ManagerRecord } from "./manager.ts";

/** What an operator says of a manager. */
export interface ManagerDefinition {
  readonly name: string;
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly apiAnchorPem: string;
  readonly imageioAnchorPem: string;
}

/** What the registry works with. */
export interface RegistryDeps {
  readonly database: Database;
  readonly engines: EngineConnector;
  readonly secrets: SecretBox;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: RandomBytes;
}

/** Opens the registry with what the database has; no manager needs to be reachable. */
export const openManagerRegistry = async (deps: RegistryDeps): Promise<ManagerRegistry> => {
  const records = await listManagers(deps.database.queries);
  return new ManagerRegistry(
    deps,
    records.map((record) => connect(deps, record)),
  );
};

/** The connected managers. */
export class ManagerRegistry implements AsyncDisposable {
  readonly #deps: RegistryDeps;
  readonly #connections: Map<string, ManagerConnection>;
  /** One is kept at a time: what is checked then still holds when it is saved. */
  readonly #keeping = new Semaphore(1);

  constructor(deps: RegistryDeps, connections: readonly ManagerConnection[]) {
    this.#deps = deps;
    this.#connections = new Map(connections.map((connection) => [connection.record.managerId, connection]));
  }

  /** By name. */
  list(): readonly ManagerConnection[] {
    return [...this.#connections.values()].sort((left, right) => left.record.name.localeCompare(right.record.name));
  }

  find(idOrName: string): ManagerConnection | undefined {
    return this.#connections.get(idOrName) ?? this.list().find(({ record }) => record.name === idOrName);
  }

  /** By id or name; NOT_FOUND for none. */
  get(idOrName: string): ManagerConnection {
    const found = this.find(idOrName);
    if (found !== undefined) return found;
    throw new HoldfastError("NOT_FOUND", `no manager ${idOrName}`, { details: { manager: idOrName } });
  }

  /** Logs in once, reads the inventory, and keeps the manager when both succeeded. */
  async add(definition: ManagerDefinition, signal: AbortSignal): Promise<ManagerConnection> {
    this.#refuseTaken(definition.name, "");
    const record = recordOf(this.#deps, randomName(12, this.#deps.random), definition);
    const connection = await prove(this.#deps, record, signal);
    return this.#keep(connection, () => {
      this.#refuseTwins(connection.record);
    });
  }

  /** Changes what is given; the login is proved with it before it is kept. Ends `credentials-refused`. MANAGER_REPLACED. */
  async edit(managerId: string, change: Partial<ManagerDefinition>, signal: AbortSignal): Promise<ManagerConnection> {
    const former = this.get(managerId).record;
    this.#refuseTaken(change.name ?? former.name, former.managerId);
    const connection = await prove(this.#deps, changed(this.#deps, former, change), signal);
    return this.#keep(connection, () => {
      this.#refuseChanged(former);
    });
  }

  /**
   * Takes over the engine that answers now and the anchors that an operator vouched for; a new era begins, so that checkpoints of
   * the former one are doubted. MANAGER_REPLACED when by now yet another one answers, ALREADY_EXISTS when it is connected already.
   */
  async trust(managerId: string, trusted: TrustedEngine, signal: AbortSignal): Promise<ManagerConnection> {
    const former = this.get(managerId).record;
    const { engineInstanceId } = trusted;
    const record = { ...changed(this.#deps, former, trusted), engineInstanceId, era: former.era + 1 };
    const connection = await prove(this.#deps, record, signal);
    return this.#keep(connection, () => {
      this.#refuseChanged(former);
      this.#refuseTwins(connection.record);
    });
  }

  /** Who answers at a manager's address, logged in through the anchor given; nothing is kept. */
  async whoAnswers(
    managerId: string,
    login: Pick<TrustedEngine, "apiAnchorPem" | "password">,
    signal: AbortSignal,
  ): Promise<EngineIdentity> {
    const record = changed(this.#deps, this.get(managerId).record, login);
    const probe = connect(this.#deps, { ...record, engineInstanceId: "" });
    await using hypervisor = probe.hypervisor;
    return await hypervisor.identify(signal);
  }

  async remove(managerId: string): Promise<void> {
    await removeManager(this.#deps.database.queries, managerId);
    const former = this.#connections.get(managerId);
    this.#connections.delete(managerId);
    await former?.hypervisor[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.list().map(({ hypervisor }) => hypervisor[Symbol.asyncDispose]()));
  }

  /** What was changed by somebody else while a login was proved must not be put back: an era least of all (R3). FAILED_PRECONDITION. */
  #refuseChanged(former: ManagerRecord): void {
    if (this.get(former.managerId).record === former) return;
    throw new HoldfastError(
      "FAILED_PRECONDITION",
      `manager ${former.name} was changed by somebody else meanwhile: do it again`,
    );
  }

  /** Keeps a connection that was proved, in place of a former one; closes it when `check` refuses it. */
  async #keep(connection: ManagerConnection, check: () => void): Promise<ManagerConnection> {
    const { managerId } = connection.record;
    using turn = await this.#keeping.acquire();
    void turn;
    try {
      check();
      await saveManager(this.#deps.database.queries, connection.record);
    } catch (caught) {
      await connection.hypervisor[Symbol.asyncDispose]();
      throw caught;
    }
    const former = this.#connections.get(managerId);
    this.#connections.set(managerId, connection);
    await former?.hypervisor[Symbol.asyncDispose]();
    return connection;
  }

  /** One engine is connected once. */
  #refuseTwins({ managerId, engineInstanceId, url }: ManagerRecord): void {
    const same = this.list().find(
      ({ record }) => record.engineInstanceId === engineInstanceId && record.managerId !== managerId,
    );
    if (same === undefined) return;
    throw new HoldfastError("ALREADY_EXISTS", `the engine at ${url} is connected as ${same.record.name}`);
  }

  #refuseTaken(name: string, managerId: string): void {
    const other = this.list().find(({ record }) => record.name === name && record.managerId !== managerId);
    if (other !== undefined) throw new HoldfastError("ALREADY_EXISTS", `there is a manager ${name}`);
  }
}

/** What an operator trusts when another engine, or another CA, is at a manager's address. */
export interface TrustedEngine {
  readonly engineInstanceId: string;
  readonly apiAnchorPem: string;
  readonly imageioAnchorPem: string;
  /** Only when it is another one. */
  readonly password?: string;
}

const connect = (deps: RegistryDeps, record: ManagerRecord): ManagerConnection => {
  const credentials = {
    username: record.username,
    password: deps.secrets.open(record.passwordSealed, contextOf(record.managerId)),
  };
  const hypervisor = deps.engines.open(record, credentials, record.refusedReason);
  const log = deps.log.child({ manager: record.managerId });
  return new ManagerConnection(record, hypervisor, {
    clock: deps.clock,
    log,
    onRefused: (reason) => markRefused(deps.database.queries, record.managerId, reason),
  });
};

/** Logs in and looks once; the connection is closed again when that fails, and nothing is kept. */
const prove = async (deps: RegistryDeps, record: ManagerRecord, signal: AbortSignal): Promise<ManagerConnection> => {
  const probe = connect(deps, record);
  try {
    const identity = await probe.hypervisor.identify(signal);
    const known = { ...record, engineInstanceId: identity.instanceId, engineVersion: identity.version };
    const connection = new ManagerConnection(known, probe.hypervisor, {
      clock: deps.clock,
      log: deps.log.child({ manager: record.managerId }),
      onRefused: (reason) => markRefused(deps.database.queries, record.managerId, reason),
    });
    await connection.refresh(signal);
    return connection;
  } catch (caught) {
    await probe.hypervisor[Symbol.asyncDispose]();
    throw caught;
  }
};

/** A sealed password opens for its manager only. */
const contextOf = (managerId: string): string => `manager/${managerId}`;

const recordOf = (deps: RegistryDeps, managerId: string, definition: ManagerDefinition): ManagerRecord => ({
  managerId,
  name: definition.name,
  url: definition.url,
  username: definition.username,
  passwordSealed: deps.secrets.seal(definition.password, contextOf(managerId)),
  apiAnchorPem: definition.apiAnchorPem,
  imageioAnchorPem: definition.imageioAnchorPem,
  engineInstanceId: "",
  engineVersion: "",
  refusedReason: null,
  era: 0,
  createdMs: deps.clock.nowMs(),
});

const changed = (deps: RegistryDeps, former: ManagerRecord, change: Partial<ManagerDefinition>): ManagerRecord => ({
  ...former,
  name: change.name ?? former.name,
  url: change.url ?? former.url,
  username: change.username ?? former.username,
  passwordSealed:
    change.password === undefined
      ? former.passwordSealed
      : deps.secrets.seal(change.password, contextOf(former.managerId)),
  apiAnchorPem: change.apiAnchorPem ?? former.apiAnchorPem,
  imageioAnchorPem: change.imageioAnchorPem ?? former.imageioAnchorPem,
  refusedReason: null,
});
