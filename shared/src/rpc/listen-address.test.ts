import { describe, expect, it } from "vitest";
import { formatAddress, isLoopback, parseListenAddress, resolveListenAddress } from "./listen-address.ts";

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

  it("must be a loopback one while the server cannot tell callers apart", async () => {
    for (const text of ["0.0.0.0:0", "[::]:0", "192.0.2.7:80", "[2001:db8::1]:80", "[::ffff:192.0.2.7]:80"]) {
      await expect(resolveListenAddress(text, false), text).rejects.toMatchObject({ code: "INSECURE_LISTEN" });
      await expect(resolveListenAddress(text, true), text).resolves.toMatchObject({ kind: "tcp" });
    }
    for (const text of ["127.0.0.1:0", "127.8.8.8:1", "[::1]:0", "[::ffff:127.0.0.1]:0", "unix:/tmp/s"]) {
      await expect(resolveListenAddress(text, false), text).resolves.toBeDefined();
    }
  });

  it("given by name is bound as the address that was checked", async () => {
    const resolved = await resolveListenAddress("localhost:5", false);

    expect(resolved).toMatchObject({ kind: "tcp", port: 5 });
    expect(resolved.kind === "tcp" && isLoopback(resolved.host)).toBe(true);
    await expect(resolveListenAddress("no-such-host.invalid:5", false)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });
});
