import type { Job } from "../../model/job.ts";
import type { World } from "../../model/world.ts";
import { Instant, type Resource } from "../resource.ts";
import { hrefOf, stubOf } from "./links.ts";

/** `/jobs` */
export const jobResource = (world: World, job: Job): Resource => ({
  element: "job",
  id: job.id,
  href: hrefOf("jobs", job.id),
  fields: {
    description: job.description,
    status: job.status,
    auto_cleared: true,
    external: false,
    start_time: new Instant(job.startedMs),
    end_time: job.endedMs === undefined ? undefined : new Instant(job.endedMs),
    last_updated: new Instant(job.endedMs ?? job.startedMs),
    owner: stubOf("user", "users", [...world.users.values()].find(({ login }) => login === job.login)?.id),
  },
});
