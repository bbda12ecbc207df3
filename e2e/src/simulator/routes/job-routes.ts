import type { Engine } from "../engine/engine.ts";
import { existing } from "../engine/engine-fault.ts";
import { type Answer, type Call, type Handle, ok, param } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import { searchedRows } from "../http/search.ts";
import { struct } from "../rendering/resource.ts";
import { jobResource } from "../rendering/resources/job.ts";

/** Entities that are made while their creator's call is over: each has a state of its making. */
const slowlyMade = ["/disks/:disk", "/vms/:vm/diskattachments/:disk", "/vms/:vm/snapshots/:snapshot"];

const states = { started: "in_progress", finished: "complete", failed: "failed", unknown: "failed" } as const;

const creationState = (engine: Engine, call: Call): Answer => {
  const job = existing(engine.world.jobs, param(call, "creation"));
  return ok(struct("creation", { status: states[job.status] }));
};

/** `/jobs`, newest first, and the state of what is still being made. */
export const jobRoutes = (engine: Engine): readonly Route<Handle>[] => [
  {
    method: "GET",
    pattern: "/jobs",
    handle: (call) =>
      searchedRows(
        call,
        {
          element: "job",
          all: [...engine.world.jobs.values()].toReversed(),
          searchable: (job) => ({
            id: job.id,
            description: job.description,
            status: job.status,
            correlation_id: job.correlationId,
            owner: job.login,
          }),
        },
        (job) => jobResource(engine.world, job),
      ),
  },
  {
    method: "GET",
    pattern: "/jobs/:job",
    handle: (call) => ok(jobResource(engine.world, existing(engine.world.jobs, param(call, "job")))),
  },
  ...slowlyMade.map((path): Route<Handle> => ({
    method: "GET",
    pattern: `${path}/creation_status/:creation`,
    handle: (call) => creationState(engine, call),
  })),
];
