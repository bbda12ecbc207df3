/** An answer that is not 2xx, with the daemon's own words: how a request ends that cannot be served. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, text: string, headers: Readonly<Record<string, string>> = {}) {
    super(text);
    this.status = status;
    this.headers = headers;
  }
}

/** Thrown to cut the connection without an answer. */
export class Dropped extends Error {
  override readonly name = "Dropped";
}

/** 403: the ticket does not allow it, or there is none. The connection is closed. */
export const notAllowed = (reason: string): Refusal =>
  new Refusal(403, `You are not allowed to access this resource: ${reason}`, { connection: "close" });

export const badRequest = (reason: string): Refusal => new Refusal(400, reason);

export const notFound = (reason: string): Refusal => new Refusal(404, reason);

/** 416, which tells the size of the image. */
export const outOfRange = (sizeBytes: number, reason: string): Refusal =>
  new Refusal(416, `Requested range not satisfiable: ${reason}`, { "content-range": `bytes */${sizeBytes}` });

/** 500: the volume behind the ticket cannot be read or written; the connection stays open. */
export const serverFailed = (): Refusal => new Refusal(500, "Server failed to perform the request, check logs");
