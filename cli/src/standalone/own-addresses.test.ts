import { expect, test } from "vitest";
import { dialledByOthers, localHost, parseOwnListen } from "./own-addresses.ts";

test.each([
  [undefined, "127.0.0.1", 0],
  ["0.0.0.0", "0.0.0.0", 0],
  ["10.1.2.3:7400", "10.1.2.3", 7400],
  ["backup.example.com", "backup.example.com", 0],
  ["::1", "::1", 0],
  ["[::1]:7400", "::1", 7400],
])("%s is host %s with port %i", (text, host, port) => {
  expect(parseOwnListen(text)).toEqual({ host, port });
});

test.each(["a:b", "1.2.3.4:99999", "http://x"])("%s is refused", (text) => {
  expect(() => parseOwnListen(text)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
});

test("what listens everywhere is dialled by name, and on loopback from here", () => {
  expect(dialledByOthers("0.0.0.0", 7)).not.toContain("0.0.0.0");
  expect(dialledByOthers("10.1.2.3", 7)).toBe("10.1.2.3:7");
  expect([localHost("0.0.0.0"), localHost("::"), localHost("10.1.2.3")]).toEqual(["127.0.0.1", "::1", "10.1.2.3"]);
});
