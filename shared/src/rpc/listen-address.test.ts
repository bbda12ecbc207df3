import { isIP } from "node:net";
import { describe, expect, it } from "vitest";
import { formatAddress, parseListenAddress, resolveListenAddress } from "./listen-address.ts";

describe("an address to listen on", () => {
  it("is read in each of its forms and written back", () => {
    for (const text of ["127.0.0.1:0", "[::1]:7000", "localhost:80", "unix:/run/holdfast/s"]) {
      expect(formatAddress(parseListenAddress(text))).toBe(text);
    }
    expect(parseListenAddress("unix:///run/s")).toEqual({ kind: "unix", path: "/run/s" });
  });

  it("is refused when it is none", () => {
    for (const text of [
      "",
      "127.0.0.1",
      ":80",
      "::1:80",
      "a:99999",
      "a:b",
      "unix:relative",
      `unix:/${"x".repeat(107)}`,
    ]) {
      expect(() => parseListenAddress(text), text).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    }
  });

  it("given by name is bound as an address that it resolves to", async () => {
    const resolved = await resolveListenAddress("localhost:5");

    expect(resolved).toMatchObject({ kind: "tcp", port: 5 });
    expect(resolved.kind === "tcp" && isIP(resolved.host)).toBeGreaterThan(0);
    await expect(resolveListenAddress("no-such-host.invalid:5")).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });
});
