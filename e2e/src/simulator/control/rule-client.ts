import type { z } from "zod";

import type { ListedRule, faultRuleSchema } from "../faults/fault-rule.ts";
import { callControl } from "./call-control.ts";

/** The part of the control endpoint that makes calls go wrong by rules. */
export class RuleClient {
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** Makes a rule that counts calls from now on; answers its id. */
  async add(rule: z.input<typeof faultRuleSchema>): Promise<number> {
    return ((await callControl(this.#origin, "POST", "/rules", rule)) as { id: number }).id;
  }

  /** The rules that hold, with how many calls they saw and hit. */
  async list(): Promise<readonly ListedRule[]> {
    return (await callControl(this.#origin, "GET", "/rules")) as ListedRule[];
  }

  async remove(id: number): Promise<void> {
    await callControl(this.#origin, "DELETE", `/rules/${id}`);
  }

  /** Removes every rule and lets go on what they hold back. */
  async clear(): Promise<void> {
    await callControl(this.#origin, "DELETE", "/rules");
  }
}
