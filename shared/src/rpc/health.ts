import { Health, HealthCheckResponse_ServingStatus as Status } from "@holdfast/proto/grpc/health/v1/health_pb";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { type ServedService, serveService } from "./implementation.ts";
import { orAborted } from "../lifecycle/abort.ts";

/** What a server says of its own health. */
export interface ServerHealth {
  readonly service: ServedService;
  /** Sets what checks answer; the whole server when no service is named. */
  setServing(isServing: boolean, serviceName?: string): void;
  /** Answers NOT_SERVING for everything from now on. */
  close(): void;
}

/** Health checking by gRPC's own protocol: every service, and the whole server under the empty name, serves at first. */
export const createHealth = (serviceNames: readonly string[]): ServerHealth => {
  const statuses = new Map<string, Status>(["", ...serviceNames].map((name) => [name, Status.SERVING]));
  let changed = Promise.withResolvers<void>();
  const set = (name: string, status: Status): void => {
    statuses.set(name, status);
    changed.resolve();
    changed = Promise.withResolvers();
  };

  const service = serveService(Health, {
    check: async ({ service: name }) => ({ status: statusOf(statuses, name) }),
    list: async () => ({
      statuses: Object.fromEntries([...statuses].map(([name, status]) => [name, { status }])),
    }),
    async *watch({ service: name }, { signal, closing }) {
      let told: Status | undefined;
      for (;;) {
        const { promise } = changed;
        const status = statuses.get(name) ?? Status.SERVICE_UNKNOWN;
        if (status !== told) yield { status };
        told = status;
        if (closing.aborted) return;
        await orAborted(promise, signal);
      }
    },
  });

  return {
    service,
    setServing: (isServing, name = "") => {
      set(name, isServing ? Status.SERVING : Status.NOT_SERVING);
    },
    close: () => {
      for (const name of statuses.keys()) set(name, Status.NOT_SERVING);
    },
  };
};

const statusOf = (statuses: ReadonlyMap<string, Status>, name: string): Status => {
  const status = statuses.get(name);
  if (status === undefined) throw new HoldfastError("NOT_FOUND", `no service ${name}`, { details: { service: name } });
  return status;
};
