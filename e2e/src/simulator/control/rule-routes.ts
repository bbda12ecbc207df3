import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

import { faultRuleSchema } from "../faults/fault-rule.ts";
import type { Route } from "../http/router.ts";
import type { Control, ControlHandle } from "./control.ts";

/** `/rules`: calls that are to go wrong. */
export const ruleRoutes = ({ rules }: Control): readonly Route<ControlHandle>[] => [
  { method: "GET", pattern: "/rules", handle: () => rules.list() },
  { method: "POST", pattern: "/rules", handle: ({ body }) => ({ id: rules.add(faultRuleSchema.parse(body)) }) },
  {
    method: "DELETE",
    pattern: "/rules",
    handle: () => {
      rules.clear();
      return {};
    },
  },
  {
    method: "DELETE",
    pattern: "/rules/:rule",
    handle: ({ params }) => {
      if (!rules.remove(Number(params["rule"]))) throw new HoldfastError("NOT_FOUND", "no such rule");
      return {};
    },
  },
];
