import { expect, test } from "vitest";
import { digests } from "./digest.ts";

test.each([
  ["blake2b", "", "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"],
  ["blake2b", "abc", "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"],
  ["blake2s", "abc", "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"],
  ["sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"],
])("%s of %j is as published", async (algorithm, text, expected) => {
  const digest = digests.get(algorithm) ?? expect.fail("it is not offered");
  expect((await digest(Buffer.from(text))).toString("hex")).toBe(expected);
});
