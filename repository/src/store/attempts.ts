import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import { attemptSchema, pointIdSchema } from "@holdfast/shared/format/manifest-schema";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import { z } from "zod";
import { attemptName, committedName, type FactPlace, parseAttemptName, taskFolder } from "./object-names.ts";
import type { ObjectStore, Published } from "./object-store.ts";
import { decodeSmallObject, encodeSmallObject, type SmallObjectKind } from "./small-object.ts";
import type { AttemptInEpoch, FenceInEpoch, TaskFacts } from "./task-facts.ts";

const openedSchema = z.strictObject({
  taskId: pointIdSchema,
  number: attemptSchema.shape.number,
  attemptId: attemptSchema.shape.attemptId,
  epoch: z.int(),
  writtenMs: z.int(),
});
const fencedSchema = openedSchema.omit({ attemptId: true });
const committedSchema = openedSchema.extend({ pointEpoch: z.int() });

/** The kind of `tasks/<task>/<n>-<e>.opened`. */
export const openedKind: SmallObjectKind<typeof openedSchema> = { kind: "attempt-opened", body: openedSchema };
/** The kind of `tasks/<task>/<n>-<e>.fenced`. */
export const fencedKind: SmallObjectKind<typeof fencedSchema> = { kind: "attempt-fenced", body: fencedSchema };
/** The kind of `tasks/<task>/committed`; `pointEpoch` tells which object of the attempt is the point. */
export const committedKind: SmallObjectKind<typeof committedSchema> = { kind: "task-committed", body: committedSchema };

/** The objects under `tasks/`: written durably, read every time, never remembered. */
export class AttemptObjects {
  readonly #objects: ObjectStore;
  readonly #repositoryId: RepositoryId;

  constructor(objects: ObjectStore, repositoryId: RepositoryId) {
    this.#objects = objects;
    this.#repositoryId = repositoryId;
  }

  /** Everything that is known of a task. */
  async read(taskId: string): Promise<TaskFacts> {
    const committed = await this.readCommitted(taskId);
    const opened: AttemptInEpoch[] = [];
    const fenced: FenceInEpoch[] = [];
    for await (const name of this.#objects.list(taskFolder(taskId))) {
      const place = parseAttemptName(name);
      if (place?.fact === "opened") opened.push(await this.#readOpened(taskId, place));
      if (place?.fact === "fenced") fenced.push(await this.#readFenced(taskId, place));
    }
    return committed ? { opened, fenced, committed } : { opened, fenced };
  }

  /** The attempt that the task's committed object names; undefined when there is none. */
  async readCommitted(taskId: string): Promise<AttemptInEpoch | undefined> {
    const name = committedName(taskId);
    try {
      const { value } = decodeSmallObject(committedKind, await this.#objects.get(name), this.#at(name, { taskId }));
      return { number: value.number, attemptId: value.attemptId, epoch: value.pointEpoch };
    } catch (caught) {
      if (hasCode(caught, "NOT_FOUND")) return undefined;
      throw caught;
    }
  }

  async writeOpened(value: z.infer<typeof openedSchema>): Promise<Published> {
    const name = attemptName(value.taskId, { attempt: value.number, epoch: value.epoch }, "opened");
    return await this.#objects.putIfAbsent(name, encodeSmallObject(openedKind, this.#repositoryId, value));
  }

  async writeFenced(value: z.infer<typeof fencedSchema>): Promise<Published> {
    const name = attemptName(value.taskId, { attempt: value.number, epoch: value.epoch }, "fenced");
    return await this.#objects.putIfAbsent(name, encodeSmallObject(fencedKind, this.#repositoryId, value));
  }

  async writeCommitted(value: z.infer<typeof committedSchema>): Promise<Published> {
    return await this.#objects.putIfAbsent(
      committedName(value.taskId),
      encodeSmallObject(committedKind, this.#repositoryId, value),
    );
  }

  async #readOpened(taskId: string, { attempt, epoch }: FactPlace): Promise<AttemptInEpoch> {
    const name = attemptName(taskId, { attempt, epoch }, "opened");
    const place = this.#at(name, { taskId, number: attempt, epoch });
    const { attemptId } = decodeSmallObject(openedKind, await this.#objects.get(name), place).value;
    return { number: attempt, attemptId, epoch };
  }

  async #readFenced(taskId: string, { attempt, epoch }: FactPlace): Promise<FenceInEpoch> {
    const name = attemptName(taskId, { attempt, epoch }, "fenced");
    const place = this.#at(name, { taskId, number: attempt, epoch });
    decodeSmallObject(fencedKind, await this.#objects.get(name), place);
    return { number: attempt, epoch };
  }

  #at<Says>(
    name: string,
    says: Says,
  ): { readonly name: string; readonly repositoryId: RepositoryId; readonly says: Says } {
    return { name, repositoryId: this.#repositoryId, says };
  }
}
