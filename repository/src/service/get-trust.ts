import type { ServiceDeps } from "./deps.ts";
import type { Calls } from "./types.ts";

/** Every bundle that says what is believed revoked here (P9). */
export const getTrust =
  ({ trust }: ServiceDeps): Calls["getTrust"] =>
  async () => ({ trust: [trust.signed, ...trust.remembered] });
