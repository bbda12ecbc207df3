import { z } from "zod";

/** What happens to a call instead of, or around, its handling. */
export const effectSchema = z.discriminatedUnion("kind", [
  /** Refused with a fault body; the call is not carried out. */
  z.strictObject({
    kind: z.literal("fault"),
    status: z.number().int().min(400).max(599),
    reason: z.string().default("Operation Failed"),
    detail: z.string().default("[]"),
  }),
  /** The page of a web server whose engine restarts; the call is not carried out. */
  z.strictObject({ kind: z.literal("html503") }),
  /** The session is gone: 401 as HTML; the call is not carried out. */
  z.strictObject({ kind: z.literal("html401") }),
  /** The connection is cut: before the call is carried out, or after it, so that only the answer is lost. */
  z.strictObject({ kind: z.literal("drop"), when: z.enum(["before", "after"]) }),
  z.strictObject({
    kind: z.literal("delay"),
    when: z.enum(["before", "after"]).default("before"),
    ms: z.number().int().nonnegative(),
  }),
]);
export type CallEffect = z.infer<typeof effectSchema>;

/** A fault of calls of one route, as a test arms it. */
export const callFaultSchema = z.strictObject({
  /** Route as the counters name it, such as `POST /vms/:vm/backups`. */
  route: z.string().min(1),
  /** The first call it hits, counted from now; 1 is the next one. */
  nth: z.number().int().positive().default(1),
  /** How many calls in a row it hits. */
  times: z.number().int().positive().default(1),
  effect: effectSchema,
});
export type CallFault = z.infer<typeof callFaultSchema>;

interface Armed {
  readonly fault: CallFault;
  seen: number;
}

/** Faults that tests armed for calls of the API, single sign-on included. */
export interface CallFaults {
  arm(fault: CallFault): void;
  /** Counts a call of this route; answers what is to happen to it. */
  take(route: string): readonly CallEffect[];
  clear(): void;
  list(): readonly CallFault[];
}

/** Opens a table with no fault in it. */
export const openCallFaults = (): CallFaults => {
  let armed: Armed[] = [];
  return {
    arm: (fault) => {
      armed.push({ fault, seen: 0 });
    },
    take: (route) => {
      const effects: CallEffect[] = [];
      for (const one of armed) {
        if (one.fault.route !== route) continue;
        one.seen += 1;
        if (one.seen >= one.fault.nth) effects.push(one.fault.effect);
      }
      armed = armed.filter(({ fault, seen }) => seen < fault.nth + fault.times - 1);
      return effects;
    },
    clear: () => {
      armed = [];
    },
    list: () => armed.map(({ fault }) => fault),
  };
};
