import { expect, test } from "vitest";
import { lockDirectory } from "./directory-lock.ts";

test("a directory is taken once, and again when it was given back", async () => {
  const directory = `/data/${process.pid}`;
  const first = await lockDirectory(directory);

  await expect(lockDirectory(directory)).rejects.toMatchObject({
    code: "FAILED_PRECONDITION",
    message: expect.stringContaining(directory),
  });

  await using _other = await lockDirectory(`${directory}-other`);
  await first[Symbol.asyncDispose]();
  await using _again = await lockDirectory(directory);
});
