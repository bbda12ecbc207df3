import { describe, expect, it } from "vitest";
import { highestNumber, isOrphan, isRetired, noFacts, pointAmong, type TaskFacts } from "./task-facts.ts";

const attempt = (number: number, attemptId = "a") => ({ number, attemptId });
const facts = (parts: Partial<TaskFacts>): TaskFacts => ({ ...noFacts, ...parts });

describe("what is known of a task", () => {
  it("retires an attempt by a fence, a higher attempt, or a twin", () => {
    expect(isRetired(noFacts, attempt(1))).toBe(false);
    expect(isRetired(facts({ fenced: [{ number: 2, epoch: 1 }] }), attempt(2))).toBe(true);
    expect(isRetired(facts({ fenced: [{ number: 2, epoch: 1 }] }), attempt(3))).toBe(false);
    expect(isRetired(facts({ opened: [{ ...attempt(2), epoch: 1 }] }), attempt(1))).toBe(true);
    expect(isRetired(facts({ opened: [{ ...attempt(2), epoch: 1 }] }), attempt(2))).toBe(false);
    expect(isRetired(facts({ opened: [{ ...attempt(2, "b"), epoch: 1 }] }), attempt(2))).toBe(true);
    expect(highestNumber(facts({ opened: [{ ...attempt(2), epoch: 1 }], fenced: [{ number: 5, epoch: 1 }] }))).toBe(5);
  });

  it("makes an orphan only of what was retired in its own epoch or later", () => {
    const manifest = { ...attempt(1), epoch: 2 };
    expect(isOrphan(facts({ fenced: [{ number: 1, epoch: 1 }] }), manifest)).toBe(false);
    expect(isOrphan(facts({ fenced: [{ number: 1, epoch: 2 }] }), manifest)).toBe(true);
    expect(isOrphan(facts({ opened: [{ ...attempt(2), epoch: 3 }] }), manifest)).toBe(true);
  });

  it("takes the committed manifest whatever else there is, and the newest while nothing is decided", () => {
    const manifests = [1, 2, 3].map((epoch) => ({ ...attempt(1), epoch }));
    const fenced = [{ number: 9, epoch: 9 }];
    expect(pointAmong(facts({ fenced, committed: { ...attempt(1), epoch: 2 } }), manifests)?.epoch).toBe(2);
    expect(pointAmong(noFacts, manifests)?.epoch).toBe(3);
    expect(pointAmong(facts({ fenced }), manifests)).toBeUndefined();
  });
});
