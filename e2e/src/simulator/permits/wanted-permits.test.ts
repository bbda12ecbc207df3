import { expect, test } from "vitest";

import type { Engine } from "../engine/engine.ts";
import { routeName } from "../http/router.ts";
import { emptyWorld } from "../model/world.ts";
import { apiRoutes } from "../routes/api-routes.ts";
import type { Transfers } from "../transfers/transfers.ts";
import { wantedPermits } from "./wanted-permits.ts";

test("every call that changes something needs a permit that is written down", () => {
  const engine = { world: emptyWorld() } as Engine;
  const changing = apiRoutes(engine, {} as Transfers).filter(({ method }) => method !== "GET");
  expect(changing.map(routeName).filter((name) => !(name in wantedPermits))).toEqual([]);
});
