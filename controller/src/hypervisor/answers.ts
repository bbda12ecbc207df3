import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

/**
 * True for a call of which nobody can say whether the engine did it: no answer came, or one by which the engine says that it failed
 * itself (500). Both may be of this moment, so what may be done twice is asked for again, and what may not is looked for first.
 */
export const isAnswerLost = (caught: unknown): caught is HoldfastError =>
  caught instanceof HoldfastError &&
  (caught.code === "ENGINE_UNREACHABLE" || (caught.code === "ENGINE_FAULT" && caught.details["status"] === 500));
