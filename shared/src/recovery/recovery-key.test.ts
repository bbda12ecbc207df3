import { HoldfastError } from "../errors/holdfast-error.ts";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeRecoveryKey, publicHalfOf, readRecoveryKey, writeRecoveryKey } from "./recovery-key.ts";

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("a recovery key in text", () => {
  it("is read back whole, whatever it is, in any case, with and without its hyphens", () => {
    fc.assert(
      fc.property(key, (bytes) => {
        const text = writeRecoveryKey(bytes);
        expect(text).toMatch(/^HFRK1(-[0-9A-HJKMNP-TV-Z]{4}){14}$/);
        for (const typed of [text, text.toLowerCase(), text.replaceAll("-", " "), text.replaceAll("0", "o")])
          expect(Buffer.from(readRecoveryKey(`key:\n  ${typed}\n`))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it("with one character mistyped is called mistyped", () => {
    fc.assert(
      fc.property(key, fc.integer({ min: 0, max: 55 }), (bytes, at) => {
        const text = writeRecoveryKey(bytes);
        const place = 6 + at + Math.floor(at / 4);
        const other = text.charAt(place) === "7" ? "8" : "7";
        const typed = `${text.slice(0, place)}${other}${text.slice(place + 1)}`;
        expect(() => readRecoveryKey(typed)).toThrow(expect.objectContaining({ code: "RECOVERY_KEY_WRONG" }));
      }),
    );
  });

  it.each(["", "HFRK1-ABCD", "nothing of the kind"])("that is not whole is refused: %j", (text) => {
    expect(() => readRecoveryKey(text)).toThrow(HoldfastError);
    expect(() => readRecoveryKey(text)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });
});

it("a recovery key that is made has the public half of its private half, and is another each time", () => {
  const [one, two] = [makeRecoveryKey(), makeRecoveryKey()];
  expect(Buffer.from(publicHalfOf(one.privateKey))).toEqual(Buffer.from(one.publicKey));
  expect(Buffer.from(one.privateKey)).not.toEqual(Buffer.from(two.privateKey));
});
