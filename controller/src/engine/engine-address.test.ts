import { expect, test } from "vitest";

import { parseEngineAddress } from "./engine-address.ts";

test.each([
  ["engine.example.com", "https://engine.example.com", 443],
  ["engine.example.com:8443", "https://engine.example.com:8443", 8443],
  ["https://engine.example.com", "https://engine.example.com", 443],
  ["https://engine.example.com/ovirt-engine", "https://engine.example.com", 443],
  ["https://engine.example.com/ovirt-engine/api/", "https://engine.example.com", 443],
])("%s is understood", (text, origin, port) => {
  expect(parseEngineAddress(text)).toMatchObject({ origin, port });
});

test("an IPv6 address loses its brackets for connecting", () => {
  expect(parseEngineAddress("https://[::1]:8443")).toEqual({ origin: "https://[::1]:8443", host: "::1", port: 8443 });
});

test.each(["http://engine", "https://engine/elsewhere", "https://user:secret@engine", "not a url", ""])(
  "%s is refused",
  (text) => {
    expect(() => parseEngineAddress(text)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    expect(() => parseEngineAddress(text)).not.toThrow(/secret/);
  },
);
