import { z } from "zod";

import type { Engine } from "../engine/engine.ts";
import { existing, refused } from "../engine/engine-fault.ts";
import { newUuid } from "../engine/new-uuid.ts";
import { entity, parseBody } from "../http/body.ts";
import { type Call, type Handle, created, param, rows } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import type { Vm } from "../model/vm.ts";
import { type Resource, apiPath } from "../rendering/resource.ts";
import { stubOf } from "../rendering/resources/links.ts";

const body = entity({
  model: z.enum(["i6300esb", "diag288"]),
  action: z.enum(["none", "reset", "poweroff", "dump", "pause"]),
});

const show = ({ id, watchdog }: Vm): readonly Resource[] =>
  watchdog === undefined
    ? []
    : [
        {
          element: "watchdog",
          id: watchdog.id,
          href: `${apiPath}/vms/${id}/watchdogs/${watchdog.id}`,
          fields: { model: watchdog.model, action: watchdog.action, vm: stubOf("vm", "vms", id) },
        },
      ];

/** `/vms/ID/watchdogs`: one at most. */
export const watchdogRoutes = (engine: Engine): readonly Route<Handle>[] => {
  const vmOf = (call: Call): Vm => existing(engine.world.vms, param(call, "vm"));
  const path = "/vms/:vm/watchdogs";
  return [
    { method: "GET", pattern: path, handle: (call) => rows(call, "watchdog", show(vmOf(call))) },
    {
      method: "POST",
      pattern: path,
      handle: (call) => {
        const vm = vmOf(call);
        if (vm.watchdog !== undefined) throw refused("Cannot add Watchdog. The VM already has one.");
        vm.watchdog = { id: newUuid(engine.random), ...parseBody(body, call.body) };
        engine.save();
        const [made] = show(vm);
        if (made === undefined) throw refused("Cannot add Watchdog.");
        return created(made);
      },
    },
  ];
};
