import { createFakeClock } from "@holdfast/shared/clock/fake-clock";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import { expect, test } from "vitest";
import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import { ManagerConnection } from "./manager-connection.ts";
import type { ManagerRecord } from "./manager.ts";

const record: ManagerRecord = {
  managerId: "m1",
  name: "ovirt",
  url: "https://ovirt.example",
  username: "admin@internal",
  passwordSealed: "",
  apiAnchorPem: "",
  imageioAnchorPem: "",
  engineInstanceId: "",
  engineVersion: "",
  refusedReason: null,
  era: 0,
  createdMs: 0,
};

test("the first reason of a refused login stays, however often it is met (R14)", async () => {
  const kept: string[] = [];
  const connection = new ManagerConnection(record, {} as Hypervisor, {
    clock: createFakeClock(),
    log: silentLogger,
    onRefused: async (reason) => void kept.push(reason),
  });
  await connection.note(new HoldfastError("ENGINE_CREDENTIALS_REFUSED", "wrong password"));
  for (let again = 0; again < 3; again += 1) {
    const refused = await connection.refresh(new AbortController().signal).catch((caught: unknown) => caught);
    expect(refused).toMatchObject({ code: "ENGINE_CREDENTIALS_REFUSED", message: "manager ovirt: wrong password" });
    await connection.note(refused);
  }
  expect(connection.condition).toEqual({ state: "credentials-refused", reason: "wrong password" });
  expect(kept).toEqual(["wrong password"]);
});
