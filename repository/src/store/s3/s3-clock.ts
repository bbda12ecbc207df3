import { HeadBucketCommand } from "@aws-sdk/client-s3";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { CallOptions } from "../object-store.ts";
import type { S3Bucket } from "./s3-bucket.ts";
import { toS3Error } from "./s3-error.ts";
import { abortable } from "./s3-staged-object.ts";

interface WithHeaders {
  readonly response?: { readonly headers?: Readonly<Record<string, string | undefined>> };
}

/** Tells the storage's time, which its answers carry; it knows whole seconds. IO_FAILED when they do not. */
export const s3Clock =
  ({ client, settings }: S3Bucket) =>
  async ({ signal }: CallOptions = {}): Promise<number> => {
    const command = new HeadBucketCommand({ Bucket: settings.bucket });
    let date = "";
    command.middlewareStack.add(
      (next) => async (args) => {
        const answer = await next(args);
        date = (answer as WithHeaders).response?.headers?.["date"] ?? "";
        return answer;
      },
      { step: "deserialize", name: "storageClock", priority: "low" },
    );
    try {
      await client.send(command, abortable(signal));
    } catch (caught) {
      throw toS3Error(caught, "asking the object storage for its time", signal);
    }
    const ms = globalThis.Date.parse(date);
    if (Number.isFinite(ms)) return ms;
    throw new HoldfastError("IO_FAILED", "the object storage's answers carry no time");
  };
