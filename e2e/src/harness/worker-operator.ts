import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Session } from "@holdfast/proto/holdfast/controller/v1/session_pb";
import {
  type Worker,
  type WorkerDefinition,
  type WorkerNetworkSchema,
  WorkerService,
} from "@holdfast/proto/holdfast/controller/v1/worker_pb";
import type { Installation } from "./installation.ts";
import { workerTemplate } from "./lab.ts";
import { type Operator, present } from "./operator.ts";
import { until } from "./until.ts";

/** What a story says of a worker; the rest is chosen for short stories. */
export type WorkerWish = Partial<Omit<WorkerDefinition, "$typeName" | "$unknown" | "networks">> & {
  readonly name: string;
  readonly networks?: MessageInitShape<typeof WorkerNetworkSchema>[];
};

/** What an operator does with workers, through the API. */
export interface WorkerOperator {
  /** Defines a worker from the lab's template that goes down as soon as nothing needs it. */
  readonly add: (wish: WorkerWish) => Promise<Worker>;
  readonly show: (name: string) => Promise<Worker>;
  /** Changes what is said of its definition. */
  readonly edit: (name: string, change: Omit<WorkerWish, "name">) => Promise<Worker>;
  /** Starts a test and answers its session. */
  readonly startTest: (name: string) => Promise<string>;
  /** Tests it and waits for the session's end, whatever that is. */
  readonly test: (name: string) => Promise<Session>;
  readonly enable: (name: string) => Promise<void>;
  readonly disable: (name: string) => Promise<void>;
  /** Asks for its removal, which then goes on by itself. */
  readonly remove: (name: string) => Promise<void>;
  /** Waits until it is in one of these states. */
  readonly untilIn: (name: string, ...states: readonly string[]) => Promise<Worker>;
  /** Waits until it is not there any more. */
  readonly untilGone: (name: string) => Promise<void>;
}

const call = { timeoutMs: 60_000 };
const withinMs = 90_000;

/** An operator of this installation's workers. */
export const createWorkerOperator = (
  { api }: Pick<Installation, "api">,
  operator: Pick<Operator, "waitForEnd">,
): WorkerOperator => {
  const service = api.service(WorkerService);
  const show = async (worker: string): Promise<Worker> => present((await service.getWorker({ worker }, call)).worker);
  const startTest = async (worker: string): Promise<string> => (await service.testWorker({ worker }, call)).sessionId;
  return {
    add: async (wish) => {
      const template = wish.image === undefined ? workerTemplate : "";
      const definition = { template, idleDelayMs: 0n, launchTimeoutMs: 90_000n, ...wish };
      return present((await service.addWorker({ definition }, call)).worker);
    },
    show,
    edit: async (worker, change) => {
      // What a message knows of itself is no part of a wish.
      const { $typeName: _, $unknown: __, ...before } = present((await show(worker)).definition);
      const definition = { ...before, ...change };
      return present((await service.editWorker({ worker, definition }, call)).worker);
    },
    startTest,
    test: async (worker) => await operator.waitForEnd(await startTest(worker)),
    enable: async (worker) => {
      await service.enableWorker({ worker }, call);
    },
    disable: async (worker) => {
      await service.disableWorker({ worker }, call);
    },
    remove: async (worker) => {
      await service.removeWorker({ worker }, call);
    },
    untilIn: (name, ...states) => {
      let last = "";
      const look = async (): Promise<Worker | false> => {
        const worker = await show(name);
        last = `${worker.state}: ${worker.doing} ${worker.unhealthyReason}`;
        return states.includes(worker.state) && worker;
      };
      return until(`worker ${name} to be ${states.join(" or ")}`, look, withinMs).catch((caught: unknown) => {
        throw new Error(`worker ${name} is ${last}`, { cause: caught });
      });
    },
    untilGone: async (name) => {
      await until(`worker ${name} to be gone`, async () => {
        const { workers } = await service.listWorkers({}, call);
        return workers.every(({ definition }) => definition?.name !== name);
      });
    },
  };
};
