import { memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { UserRole } from "@holdfast/shared/identity/user-token";
import type { CallContext } from "@holdfast/shared/rpc/implementation";
import { describe, expect, it } from "vitest";
import type { User } from "../identity/user.ts";
import { admitUsers } from "./admit-users.ts";
import type { ApiDeps } from "./api-deps.ts";
import { apiServices } from "./api-services.ts";
import { leastRoleOf } from "./method-roles.ts";

const unusedDeps: ApiDeps = Object.create(null) as ApiDeps;
const methods = apiServices(unusedDeps).flatMap(({ service }) =>
  service.methods.map((method) => `${service.typeName}/${method.name}`),
);
const ours = (name: string): string => `holdfast.controller.v1.${name}`;

describe("the roles of methods", () => {
  it.each(methods)("%s has one", (method) => {
    expect(leastRoleOf(method)).toBeDefined();
  });

  it("let nobody without a token do more than join, renew, and ask for trust and health", () => {
    const open = methods.filter((method) => leastRoleOf(method) === "anybody");
    expect(open).toEqual(["Enroll", "Renew", "GetTrust"].map((name) => ours(`IdentityService/${name}`)));
  });

  it("let a viewer only look", () => {
    const looking = methods.filter((method) => leastRoleOf(method) === "viewer");
    for (const method of looking) expect(method).toMatch(/\/(?:Get|List|Watch|Plan|Examine)/);
  });

  it("know nothing of a method that is not there, however it is called", () => {
    for (const method of ["", "x/y", ours("JobService/constructor"), "constructor/name", ours("JobService")])
      expect(leastRoleOf(method)).toBeUndefined();
  });
});

describe("a call of the operators' API", () => {
  const userOf = (role: UserRole): User => ({
    tokenId: "t1",
    name: "anna",
    role,
    secretHash: "",
    createdMs: 0,
    expiresMs: null,
    lastUsedMs: null,
    revokedMs: null,
  });
  const call = async (role: UserRole | undefined, name: string, log = memoryLogger()): Promise<void> => {
    const check = async (): Promise<User> => {
      if (role !== undefined) return userOf(role);
      throw new HoldfastError("UNAUTHENTICATED", "no token");
    };
    const context = { method: name, metadata: new Map(), peer: "p", correlationId: "c" } as Partial<CallContext>;
    await admitUsers({ check }, log)(context as CallContext);
  };

  it.each<[UserRole, string, boolean]>([
    ["viewer", ours("JobService/ListJobs"), true],
    ["viewer", ours("JobService/RunJob"), false],
    ["operator", ours("JobService/RunJob"), true],
    ["operator", ours("JobService/ListJobs"), true],
    ["operator", ours("IdentityService/Invite"), false],
    ["admin", ours("IdentityService/Invite"), true],
    ["admin", ours("JobService/Unheard"), false],
    ["viewer", "grpc.reflection.v1.ServerReflection/ServerReflectionInfo", true],
  ])("by a %s of %s is let in: %s", async (role, method, isLetIn) => {
    if (isLetIn) await call(role, method);
    else await expect(call(role, method)).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  });

  it("without a token is for joiners and health alone", async () => {
    await call(undefined, ours("IdentityService/Enroll"));
    await call(undefined, "grpc.health.v1.Health/Check");
    await expect(call(undefined, ours("SystemService/GetVersion"))).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  it("that asks for more than looking is told in the log with who asked", async () => {
    const log = memoryLogger();
    await call("operator", ours("JobService/ListJobs"), log);
    expect(log.lines).toEqual([]);
    await call("admin", ours("IdentityService/ListUserTokens"), log);
    expect(log.lines).toEqual([]);
    for (const name of ["JobService/RunJob", "WorkerService/TestWorker", "ManagerService/TestManager"]) {
      await call("operator", ours(name), log);
      expect(log.lines.at(-1)).toMatchObject({ fields: { user: "anna", userId: "t1", method: ours(name) } });
    }
    expect(log.lines).toHaveLength(3);
  });
});
