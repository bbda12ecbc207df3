import { expect, test } from "vitest";
import { childEnvironment } from "./child-environment.ts";

const parent = {
  PATH: "/usr/bin",
  HOLDFAST_TEST_RUN: "abc",
  HOLDFAST_PASSWORD: "secret",
  HOLDFAST_CONFIG: "/etc/other.yaml",
  HOLDFAST_CONTROLLER: "unix:/elsewhere",
  HOLDFAST_AGENT_SLOTS: "9",
  HOLDFAST_AGENT_LANES: "4",
  HOLDFAST_REPOSITORY_LOW_WATER_BYTES: "0",
};

test("a program gets its own settings and none that mean something to another", () => {
  expect(childEnvironment(parent, "HOLDFAST_AGENT", { SLOTS: "2" })).toEqual({
    PATH: "/usr/bin",
    HOLDFAST_TEST_RUN: "abc",
    HOLDFAST_AGENT_LANES: "4",
    HOLDFAST_AGENT_SLOTS: "2",
  });
});

test("the address that the command line dials is no setting of the controller", () => {
  expect(childEnvironment(parent, "HOLDFAST_CONTROLLER")).not.toHaveProperty("HOLDFAST_CONTROLLER");
});

test("a program of others gets nothing of ours but the mark of a test run", () => {
  expect(childEnvironment(parent, undefined)).toEqual({ PATH: "/usr/bin", HOLDFAST_TEST_RUN: "abc" });
});
