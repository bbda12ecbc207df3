import type {
  Attempt,
  BackupOrders,
  CopyOrders,
  OrdersResponse,
  RepositoryAccess,
  RestoreOrders,
} from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import { traitsOf } from "@holdfast/shared/errors/codes";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import type { Clock } from "@holdfast/shared/clock/clock";
import type { Logger } from "@holdfast/shared/logging/logger";
import type { IdentityHolder } from "@holdfast/shared/identity/identity";
import { backUp } from "../backup/back-up.ts";
import type { Remark } from "../backup/remark.ts";
import { copyPoint } from "../copy/copy-point.ts";
import { type OpenDiskById, openDisk } from "../disks/open-disk.ts";
import type { Whereabouts } from "../imageio/whereabouts.ts";
import type { LaneRoom } from "../lanes/lane-room.ts";
import type { RepositoryAddress } from "../repository/repository-access.ts";
import { restore } from "../restore/restore.ts";
import { askUntil } from "./ask-until.ts";
import { createAttemptDesk } from "./attempt-desk.ts";
import type { Controller } from "./controller.ts";
import { Nudge } from "./nudge.ts";
import { ProgressBoard } from "./progress-board.ts";

/** What every attempt of this process works with. */
export interface AttemptDeps {
  readonly controller: Controller;
  readonly where: Whereabouts;
  readonly holder: IdentityHolder;
  readonly room: LaneRoom;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Logger;
}

type AttemptOutcome =
  | { readonly state: "succeeded"; readonly pointId: string; readonly remarks: readonly Remark[] }
  | { readonly state: "failed"; readonly error: HoldfastError };

/** One attempt that this agent holds, from its claim until its report was answered or it was ended. */
export class RunningAttempt {
  readonly attempt: Attempt;
  readonly board = new ProgressBoard();
  readonly nudge = new Nudge();
  /** Resolves when the attempt's slot is free again; never rejects. */
  readonly done: Promise<void>;
  readonly #deps: AttemptDeps;
  readonly #log: Logger;
  /** The controller said that the attempt ended: stop everything, report nothing (A5). */
  readonly #ended = new AbortController();
  /** This process stops: end the work, and report it. */
  readonly #stopped = new AbortController();

  constructor(attempt: Attempt, deps: AttemptDeps) {
    this.attempt = attempt;
    this.#deps = deps;
    const { taskId, number, attemptId, sessionId, vmName, correlationId } = attempt;
    this.#log = deps.log.child({
      session: sessionId,
      task: taskId,
      attempt: number,
      attemptId,
      vm: vmName,
      correlationId,
    });
    this.done = this.#run();
  }

  end(code: string): void {
    this.#ended.abort(new HoldfastError("ATTEMPT_FENCED", `attempt ${this.attempt.attemptId} was ended: ${code}`));
    this.nudge.ring();
  }

  stop(): void {
    this.#stopped.abort(new HoldfastError("AGENT_LOST", "the agent was told to stop"));
  }

  async #run(): Promise<void> {
    this.#move("claimed", "running");
    try {
      const outcome = await this.#work();
      await this.#report(outcome);
      this.#move("running", outcome.state, outcome.state === "failed" ? outcome.error.code : undefined);
    } catch (caught) {
      this.#move("running", "ended", HoldfastError.from(caught).message);
    }
  }

  /** Throws only when the attempt was ended. */
  async #work(): Promise<AttemptOutcome> {
    const signal = AbortSignal.any([this.#ended.signal, this.#stopped.signal]);
    try {
      return await this.#follow(await this.#orders(signal), signal);
    } catch (caught) {
      this.#ended.signal.throwIfAborted();
      const error = HoldfastError.from(this.#stopped.signal.aborted ? this.#stopped.signal.reason : caught);
      if (error.code === "INTERNAL") this.#log.error("an attempt failed by a bug", { err: caught });
      else this.#log.warn("an attempt failed", { err: caught });
      return { state: "failed", error };
    }
  }

  async #orders(signal: AbortSignal): Promise<OrdersResponse["orders"]> {
    const { clock, controller } = this.#deps;
    return await askUntil(
      async (each) => {
        const orders = await controller
          .orders(this.attempt.attemptId, each)
          .catch((caught: unknown) => this.#endIfUnknown(caught));
        return orders.case === "preparing" ? undefined : orders;
      },
      { nudge: this.nudge, clock, signal },
    );
  }

  async #follow(orders: OrdersResponse["orders"], signal: AbortSignal): Promise<AttemptOutcome> {
    switch (orders.case) {
      case "backup": {
        const { pointId, remarks } = await this.#backUp(orders.value, signal);
        return { state: "succeeded", pointId, remarks };
      }
      case "restore":
        await this.#restore(orders.value, signal);
        return { state: "succeeded", pointId: "", remarks: [] };
      case "copy":
        return { state: "succeeded", pointId: await this.#copy(orders.value, signal), remarks: [] };
      case "ended":
        this.end(orders.value);
        throw this.#ended.signal.reason;
      case "preparing":
      case undefined:
        throw new HoldfastError("UNIMPLEMENTED", "the controller gave no orders that are known");
    }
  }

  async #backUp(orders: BackupOrders, signal: AbortSignal): ReturnType<typeof backUp> {
    const { clock, random, room } = this.#deps;
    const { taskId, number, attemptId } = this.attempt;
    const repository = this.#repository(orders.repository, orders.taskToken);
    const shared = { repository, openDisk: this.#openDisk, room, board: this.board, clock, log: this.#log };
    return await backUp({ ...shared, attempt: { taskId, number, attemptId }, orders, random }, signal);
  }

  async #restore(orders: RestoreOrders, signal: AbortSignal): Promise<void> {
    const { clock, room } = this.#deps;
    const repository = this.#repository(orders.repository, orders.taskToken);
    await restore(
      { orders, repository, openDisk: this.#openDisk, room, board: this.board, clock, log: this.#log },
      signal,
    );
  }

  async #copy(orders: CopyOrders, signal: AbortSignal): Promise<string> {
    const { clock, room } = this.#deps;
    const { taskId, number, attemptId } = this.attempt;
    const source = this.#repository(orders.source, orders.sourceToken);
    const target = this.#repository(orders.target, orders.taskToken);
    const shared = { room, board: this.board, clock, log: this.#log };
    return await copyPoint({ ...shared, attempt: { taskId, number, attemptId }, orders, source, target }, signal);
  }

  readonly #openDisk: OpenDiskById = (diskId, signal, wish) => {
    const { controller, where, holder, clock } = this.#deps;
    const { taskId, attemptId } = this.attempt;
    const desk = createAttemptDesk({ controller, attemptId, loanId: "", nudge: this.nudge, clock, log: this.#log });
    return openDisk(diskId, { desk, where, identity: holder.current, clock, taskId, attemptId }, signal, wish);
  };

  #repository(repository: RepositoryAccess | undefined, taskToken: string): RepositoryAddress {
    if (repository === undefined || repository.address === "")
      throw new HoldfastError("INVALID_ARGUMENT", "the orders name no repository");
    const { address, repositoryId } = repository;
    const { holder } = this.#deps;
    return {
      address,
      repositoryId,
      // Long after the orders came, the certificate of that time may have ended.
      get identity() {
        return holder.current;
      },
      taskToken,
      correlationId: this.attempt.correlationId,
    };
  }

  /** Repeated until answered; an answer that the attempt is unknown is one. */
  async #report(outcome: AttemptOutcome): Promise<void> {
    const { clock, controller } = this.#deps;
    const { taskId, number, attemptId } = this.attempt;
    const remarks = outcome.state === "succeeded" ? outcome.remarks : [];
    const report = {
      attemptId,
      progress: { attemptId, taskId, number, ...this.board.snapshot() },
      outcome: toWire(outcome),
      warnings: remarks.map((remark) => ({ ...remark })),
    };
    const isReported = async (each: AbortSignal): Promise<true | undefined> => {
      try {
        await controller.report(report, each).catch((caught: unknown) => this.#endIfUnknown(caught));
        return true;
      } catch (caught) {
        this.#ended.signal.throwIfAborted();
        this.#log.debug("a report was not answered", { err: caught });
        return undefined;
      }
    };
    await askUntil(isReported, { nudge: this.nudge, clock, signal: this.#ended.signal });
  }

  #endIfUnknown(caught: unknown): never {
    if (hasCode(caught, "ATTEMPT_UNKNOWN", "ATTEMPT_FENCED")) this.end("ATTEMPT_UNKNOWN");
    this.#ended.signal.throwIfAborted();
    throw caught;
  }

  /** The logger names the attempt already. */
  #move(from: string, to: string, reason?: string): void {
    this.#log.info("attempt moved", { from, to, ...(reason === undefined ? {} : { reason }) });
  }
}

const toWire = (outcome: AttemptOutcome) => {
  if (outcome.state === "succeeded") return { case: "succeeded", value: outcome.pointId } as const;
  const { code, message, details } = outcome.error;
  const highest = code === "ATTEMPT_FENCED" ? details["highest"] : undefined;
  const highestAttempt = typeof highest === "number" ? highest : 0;
  return { case: "failed", value: { code, message, retryable: traitsOf(code).retryable, highestAttempt } } as const;
};
