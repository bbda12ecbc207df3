/** A raw image to write into a new disk that imageio serves. */
export interface ImageUpload {
  readonly file: string;
  /** The host's URL, then the proxy's. Each is the permission itself: never logged, never in an error (R12). */
  readonly urls: readonly string[];
  /** PEM that signs hosts and proxy. */
  readonly anchorPem: string;
}

/** Writes a raw image into a new disk. */
export type UploadImage = (upload: ImageUpload, signal: AbortSignal) => Promise<void>;
