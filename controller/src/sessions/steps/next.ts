/** What comes after a step: look again at once, after so many milliseconds, or never (the task is final or gone). */
export type Next =
  | { readonly kind: "again" }
  | { readonly kind: "after"; readonly ms: number }
  | { readonly kind: "final" };

export const again: Next = { kind: "again" };
export const final: Next = { kind: "final" };
export const after = (ms: number): Next => ({ kind: "after", ms });
