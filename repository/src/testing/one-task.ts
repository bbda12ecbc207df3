import { fullDisk } from "./synthetic-disk.ts";
import { testChunkSize } from "./test-server.ts";

/** The disk of the one VM that tests of permissions write and read. */
export const disks = [fullDisk("disk", 2, 1, testChunkSize)];

/** An upload or reading of that VM by the first attempt of the task. */
export const request = (repositoryId: string) => ({
  attempt: { taskId: "t1", number: 1, attemptId: "try1" },
  vm: { engineInstanceId: "engine", vmId: "vm" },
  repositoryId,
});

/** What a token claims that allows exactly that. */
export const claimed = {
  operation: "backup",
  taskId: "t1",
  attemptNumber: 1,
  attemptId: "try1",
  engineInstanceId: "engine",
  vmId: "vm",
} as const;

/** The first answer of a call that streams; the rest is not waited for. */
export const firstOf = async <T>(answers: AsyncIterable<T>): Promise<T> => {
  for await (const answer of answers) return answer;
  throw new Error("no answer");
};
