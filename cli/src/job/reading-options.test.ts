import { create } from "@bufbuild/protobuf";
import { JobDefinitionSchema, JobSchema } from "@holdfast/proto/holdfast/controller/v1/job_pb";
import { Command } from "commander";
import { expect, test } from "vitest";
import { jobText } from "./job-text.ts";
import { type ReadingOptions, givenReading, withReadingOptions } from "./reading-options.ts";

const given = (...words: readonly string[]) => {
  const command = withReadingOptions(new Command().exitOverride().configureOutput({ writeErr: () => undefined }));
  return givenReading(command.parse(words, { from: "user" }).opts<ReadingOptions>());
};

const sampleOf = (sampleChunks: number): string | undefined => {
  const definition = create(JobDefinitionSchema, { sampleChunks });
  return /^sample:?\s+(.*)$/m.exec(jobText(create(JobSchema, { definition })))?.[1];
};

test("a job's own sample is shown, and taken back with 0", () => {
  expect(given("--sample-chunks", "7")).toEqual({ sampleChunks: 7 });
  expect(given("--sample-chunks", "0")).toEqual({ sampleChunks: 0 });
  expect(sampleOf(7)).toBe("7 unchanged chunks of each disk");
  expect(sampleOf(0)).toBe("as the installation says");
});

test.each(["-1", "1.5", "many", ""])("a sample of %j chunks is refused", (text) => {
  expect(() => given(`--sample-chunks=${text}`)).toThrow("give a whole number from 0");
});
