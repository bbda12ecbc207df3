import { describe, expect, it } from "vitest";
import { type PutReply, PutReplies } from "./put-replies.ts";

const run = (kind: "chunk" | "page", stored: number, known: number) => ({
  kind,
  stored,
  known,
  storedBytes: stored * 10,
});

const drain = async (replies: PutReplies): Promise<PutReply[]> => await Array.fromAsync(replies);

describe("the answers of a stream of records", () => {
  it("join while nobody reads, and never mix chunks and pages", async () => {
    const replies = new PutReplies();
    replies.queuePlace(2);
    replies.queuePlace(1);
    replies.grant(100);
    replies.grant(50);
    replies.accepted(run("chunk", 1, 0));
    replies.accepted(run("chunk", 2, 3));
    replies.accepted(run("page", 1, 0));
    replies.accepted(run("chunk", 0, 1));
    replies.close();

    expect(await drain(replies)).toEqual([
      { kind: "accepted", run: run("chunk", 3, 3) },
      { kind: "accepted", run: run("page", 1, 0) },
      { kind: "accepted", run: run("chunk", 0, 1) },
      { kind: "grant", bytes: 150 },
      { kind: "queue-place", place: 1 },
    ]);
  });

  it("wake a reader that waits, and fail after what was accepted before", async () => {
    const replies = new PutReplies();
    const seen: PutReply[] = [];
    const reading = (async () => {
      for await (const reply of replies) seen.push(reply);
    })();
    await new Promise((resolve) => setImmediate(resolve));
    replies.accepted(run("chunk", 1, 0));
    replies.fail(new Error("broken"));

    await expect(reading).rejects.toThrow("broken");
    expect(seen).toEqual([{ kind: "accepted", run: run("chunk", 1, 0) }]);
  });
});
