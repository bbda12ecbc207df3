/** What hooks of the server see of a request. */
export interface S3Request {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  /** What a hook changes in it the server sees. */
  readonly query: Record<string, string | undefined>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

/** An answer in the server's place, or `lost`: the server does what was asked, and the connection breaks; undefined lets it answer. */
export type S3Answer = { readonly status: number; readonly body?: string } | "lost" | undefined;

/** Looks at a request just before the server answers it: nothing else runs in between. */
export type S3Hook = (request: S3Request) => S3Answer;

/** The S3 error document. */
export const refusal = (status: number, code: string): S3Answer => ({
  status,
  body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>by a test</Message></Error>`,
});

/** Looks at an answer on its way and gives headers to add. */
export type S3Look = (request: S3Request, status: number, payload: unknown) => Record<string, string>;

/** Where semantics are added to the server: before it answers, and on the answer. */
export interface ServerPlugs {
  readonly hooks: S3Hook[];
  readonly answered: S3Look[];
}

/** Objects are told apart by bucket and key. */
export const placeOf = ({ bucket, key }: Pick<S3Request, "bucket" | "key">): string => `${bucket}/${key}`;

/** True for requests that make an object when they succeed. */
export const createsObject = ({ method, key, query }: S3Request): boolean =>
  key !== "" &&
  ((method === "PUT" && Object.keys(query).every((name) => name === "x-id")) ||
    (method === "POST" && query["uploadId"] !== undefined));
