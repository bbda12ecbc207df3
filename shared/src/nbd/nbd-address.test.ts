import { expect, it } from "vitest";
import { toNbdUri } from "./nbd-address.ts";

it("escapes the export's name and the socket's path", () => {
  expect(toNbdUri({ socketPath: "/run/a b", exportName: "x/y" })).toBe("nbd+unix:///x%2Fy?socket=%2Frun%2Fa%20b");
});
