import type { Engine } from "../engine/engine.ts";
import { refused } from "../engine/engine-fault.ts";
import { jobDescription } from "../engine/job-description.ts";
import type { Job } from "../model/job.ts";
import { Collection, type Resource } from "../rendering/resource.ts";
import { stubOf } from "../rendering/resources/links.ts";
import type { Answer, Call, Handle } from "./call.ts";
import type { ReadLink } from "./follow-links.ts";
import { type Match, routeName } from "./router.ts";

/** How a client wants the end of what goes on after its call. */
export interface Patience {
  /** `X-Ovirt-Expect: 201-created`: a creation is answered when it is complete. */
  readonly untilCreated: boolean;
  /** `async=true`: an action is answered with its job. */
  readonly async: boolean;
}

/** An entity that is still being made tells so, and where its state can be read. */
const inCreation = (content: Resource, job: Job): Resource => ({
  ...content,
  fields: { ...content.fields, creation_status: "in_progress" },
  links: [...(content.links ?? []), { rel: "creation_status", href: `${content.href}/creation_status/${job.id}` }],
});

const withJob = (content: Resource, job: Job): Resource => ({
  ...content,
  fields: { ...content.fields, job: stubOf("job", "jobs", job.id) },
});

/** Carries out a changing call as a job of the engine. */
export const carryOutJob = async (
  { engine, read }: { readonly engine: Engine; readonly read: ReadLink },
  match: Match<Handle>,
  call: Call,
  patience: Patience,
): Promise<Answer> => {
  const { login, correlationId } = call.actor;
  const start = { description: jobDescription(routeName(match.route)), login, correlationId };
  const { result, job, settled } = await engine.jobs.run(start, () => match.route.handle(call));
  const { content } = result;
  if (content instanceof Collection) return result;
  if (content.element === "action") return patience.async ? { ...result, content: withJob(content, job) } : result;
  if (result.status !== 202 || content.href === undefined) return result;
  if (!patience.untilCreated) return { ...result, content: inCreation(content, job) };
  await settled;
  const made = await read(content.href);
  if (made === undefined) throw refused();
  return { status: 201, content: made };
};
