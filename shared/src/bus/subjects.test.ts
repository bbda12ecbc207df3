import { describe, expect, it } from "vitest";
import {
  agentOf,
  agentSubject,
  agentVerbs,
  anyAgentSubject,
  inboxPrefix,
  toAgentSubject,
  wakeSubject,
} from "./subjects.ts";

describe("subjects", () => {
  it("are what an agent may publish and subscribe", () => {
    expect(agentVerbs.map((verb) => agentSubject("a1", verb))).toEqual(
      ["hello", "claim", "orders", "open-disk", "close-disk", "heartbeat", "report", "examine", "examined"].map(
        (verb) => `hf.v1.agent.a1.${verb}`,
      ),
    );
    expect(anyAgentSubject("claim")).toBe("hf.v1.agent.*.claim");
    expect(toAgentSubject("a1")).toBe("hf.v1.to.a1");
    expect(wakeSubject("my lab", "c.1")).toMatch(/^hf\.v1\.wake\.[0-9a-z]{16}\.[0-9a-z]{16}$/);
    expect(wakeSubject("my lab", "c.1")).not.toBe(wakeSubject("my lab", "c.2"));
    expect(inboxPrefix("a1")).toBe("_INBOX_a1");
    expect(agentOf("hf.v1.agent.a1.claim")).toBe("a1");
  });

  it("refuse ids that would reach into other subjects", () => {
    for (const id of ["", "*", ">", "a.b", "a b", "x".repeat(65)]) {
      expect(() => toAgentSubject(id), id).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    }
    expect(() => agentOf("hf.v1.to.a1")).toThrow("not a subject of an agent");
  });
});
