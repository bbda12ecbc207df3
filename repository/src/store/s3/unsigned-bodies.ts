import type { S3Client } from "@aws-sdk/client-s3";

interface WithHeaders {
  readonly request?: { readonly headers?: Record<string, string> };
}

/**
 * Leaves bodies out of signatures: within TLS nobody can change them, and hashing them again costs as much CPU as everything else of a
 * request. Never without TLS.
 */
export const leaveBodiesUnsigned = ({ middlewareStack }: S3Client): void => {
  middlewareStack.add(
    (next) => async (args) => {
      const { headers } = (args as WithHeaders).request ?? {};
      if (headers !== undefined) headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD";
      return await next(args);
    },
    { step: "build", name: "unsignedBodies" },
  );
};
