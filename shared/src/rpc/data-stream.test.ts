import { array, assert, asyncProperty, integer } from "fast-check";
import { describe, expect, it } from "vitest";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { GrantLedger, GrantWindow } from "./data-stream.ts";
import { StreamSlots } from "./stream-slots.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("GrantWindow", () => {
  it("sends nothing that was not granted, in the order asked", async () => {
    const window = new GrantWindow();
    const sent: number[] = [];
    const taking = [8, 2, 4].map((bytes) => window.take(bytes).then(() => sent.push(bytes)));

    window.grant(7);
    await turn();
    expect(sent).toEqual([]);
    window.grant(4);
    await turn();
    expect(sent).toEqual([8, 2]);
    window.grant(100);
    await Promise.all(taking);

    expect(window.availableBytes).toBe(111 - 14);
  });

  it("lets a taker give up without holding up the next", async () => {
    const window = new GrantWindow();
    const controller = new AbortController();
    const large = window.take(100, controller.signal);
    const small = window.take(5);

    window.grant(5);
    controller.abort(new HoldfastError("CANCELLED", "enough"));

    await expect(large).rejects.toMatchObject({ code: "CANCELLED" });
    await small;
    expect(window.availableBytes).toBe(0);
    await expect(window.take(1, AbortSignal.abort(new Error("before")))).rejects.toThrow("before");
  });

  it("ends every wait when the stream is over", async () => {
    const window = new GrantWindow();
    const waiting = window.take(1);

    window.close(new HoldfastError("UNAVAILABLE", "gone"));

    await expect(waiting).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await expect(window.take(1)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  it("refuses a grant that is none", () => {
    const window = new GrantWindow();

    for (const bytes of [0, -1, 1.5, Number.NaN]) expect(() => window.grant(bytes)).toThrow("not a grant");
  });
});

describe("GrantLedger", () => {
  it("grants the window at first, then in steps worth a message", () => {
    const ledger = new GrantLedger(100);

    expect(ledger.due()).toBe(100);
    ledger.received(30);
    ledger.released(20);
    expect(ledger.due()).toBe(0);
    ledger.released(10);
    expect(ledger.due()).toBe(30);
    expect(ledger.heldBytes).toBe(0);
  });

  it("refuses a sender that goes past its grant", () => {
    const ledger = new GrantLedger(10);
    ledger.due();
    ledger.received(10);

    expect(() => ledger.received(1)).toThrow(expect.objectContaining({ code: "STREAM_REFUSED" }));
  });

  it("never holds more than its window, and never stalls, whatever the sizes", async () => {
    await assert(
      asyncProperty(array(integer({ min: 1, max: 64 }), { maxLength: 200 }), async (sizes) => {
        const ledger = new GrantLedger(256);
        const window = new GrantWindow();
        const held: number[] = [];
        const grant = (): void => {
          const bytes = ledger.due();
          if (bytes > 0) window.grant(bytes);
        };
        grant();
        for (const size of sizes) {
          while (window.availableBytes < size) {
            const done = held.shift();
            if (done === undefined) throw new Error("stalled");
            ledger.released(done);
            grant();
          }
          await window.take(size);
          ledger.received(size);
          held.push(size);
          expect(ledger.heldBytes).toBeLessThanOrEqual(256);
        }
      }),
    );
  });
});

describe("StreamSlots", () => {
  it("admits in order and tells the rest their place", async () => {
    const slots = new StreamSlots(2);
    const places: Record<string, number[]> = { c: [], d: [] };
    const a = await slots.take();
    const b = await slots.take();
    const c = slots.take(undefined, (place) => places["c"]?.push(place));
    const d = slots.take(undefined, (place) => places["d"]?.push(place));

    expect(slots).toMatchObject({ taken: 2, waiting: 2 });
    a[Symbol.dispose]();
    a[Symbol.dispose]();
    (await c)[Symbol.dispose]();
    (await d)[Symbol.dispose]();
    b[Symbol.dispose]();

    expect(places).toEqual({ c: [1], d: [2, 1] });
    expect(slots).toMatchObject({ taken: 0, waiting: 0 });
  });

  it("lets a waiting stream leave the queue", async () => {
    const slots = new StreamSlots(1);
    const held = await slots.take();
    const controller = new AbortController();
    const leaving = slots.take(controller.signal);
    const places: number[] = [];
    const staying = slots.take(undefined, (place) => places.push(place));

    controller.abort(new HoldfastError("CANCELLED", "enough"));

    await expect(leaving).rejects.toMatchObject({ code: "CANCELLED" });
    expect(places).toEqual([2, 1]);
    held[Symbol.dispose]();
    (await staying)[Symbol.dispose]();
  });
});
