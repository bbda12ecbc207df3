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
  const calls = changing.map(routeName);
  const written = Object.keys(wantedPermits).filter((name) => !name.startsWith("GET "));
  expect(calls.filter((name) => !written.includes(name))).toEqual([]);
  expect(written.filter((name) => !calls.includes(name))).toEqual([]);
});
