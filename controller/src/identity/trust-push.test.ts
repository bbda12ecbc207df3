import type { Bus, BusState } from "@holdfast/shared/bus/bus";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { TrustKeeper } from "@holdfast/shared/identity/trust-keeper";
import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { expect, it } from "vitest";
import type { RepositoryConnection } from "../repositories/repository-connection.ts";
import { createTrustPush } from "./trust-push.ts";

it("a controller that was put back takes nothing back on the bus: a repository that has seen more is asked first", async () => {
  const log = memoryLogger();
  let accounts = 0;
  const repository: Partial<RepositoryConnection> = {
    repositoryId: "r-1",
    name: "main",
    updateTrust: () => Promise.reject(new HoldfastError("CONTROLLER_OUTDATED", "number 5 was seen")),
  };
  const systemBus: Partial<Bus> = {
    request: async () => {
      accounts += 1;
      return Buffer.from('{"data":{"code":200}}');
    },
    onState: () => () => undefined,
  };
  const trust = { current: { number: 4 }, signed: "bundle" } as TrustKeeper;
  await using push = createTrustPush({
    authority: { trust, signBusAccount: async () => "jwt" },
    systemBus: systemBus as Bus,
    repositories: () => [repository as RepositoryConnection],
    learn: async () => undefined,
    log,
  });

  await push.tell(new AbortController().signal);
  await push.tell(new AbortController().signal);

  expect(accounts).toBe(0);
  expect(log.lines.filter(({ level }) => level === "warn").map(({ fields }) => fields["to"])).toEqual([
    "repository main",
    "bus",
  ]);
});

it("what was revoked is told again until each has answered, and the bus after every return", async () => {
  const log = memoryLogger();
  const state = { number: 1, isReachable: false, accounts: 0 };
  const told: number[] = [];
  const listeners: ((to: BusState) => void)[] = [];
  const repository: Partial<RepositoryConnection> = {
    repositoryId: "r-1",
    name: "main",
    updateTrust: async () => {
      if (!state.isReachable) throw new HoldfastError("REPOSITORY_UNREACHABLE", "it does not answer");
      told.push(state.number);
      return { number: state.number, remembers: false };
    },
  };
  const systemBus: Partial<Bus> = {
    request: async () => {
      state.accounts += 1;
      return Buffer.from('{"data":{"code":200}}');
    },
    onState: (listener) => {
      listeners.push(listener);
      return () => undefined;
    },
  };
  const trust = {
    get current() {
      return { number: state.number };
    },
    signed: "bundle",
  } as TrustKeeper;
  await using push = createTrustPush({
    authority: { trust, signBusAccount: async () => "jwt" },
    systemBus: systemBus as Bus,
    repositories: () => [repository as RepositoryConnection],
    learn: async () => undefined,
    log,
  });
  const { signal } = new AbortController();

  await push.tell(signal);
  await push.tell(signal);
  expect([told, state.accounts]).toEqual([[], 1]);
  expect(log.lines.filter(({ level }) => level === "warn")).toHaveLength(1);

  state.isReachable = true;
  await push.tell(signal);
  await push.tell(signal);
  expect(told).toEqual([1]);

  state.number = 2;
  await push.tell(signal);
  expect([told, state.accounts]).toEqual([[1, 2], 2]);

  for (const listener of listeners) listener("connected");
  await expect.poll(() => state.accounts).toBe(3);
});
