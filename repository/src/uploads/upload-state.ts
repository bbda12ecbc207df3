import { defineStates } from "@holdfast/shared/states/transitions";

/**
 * The life of an upload. A commit that answers `heal` or fails goes back to `open`; `committed` still holds the base until
 * the writer lets go of the stream.
 */
export const uploadStates = defineStates("upload", {
  open: ["committing", "ended"],
  committing: ["open", "committed", "ended"],
  committed: ["ended"],
  ended: [],
});

export type UploadState = (typeof uploadStates)["names"][number];
