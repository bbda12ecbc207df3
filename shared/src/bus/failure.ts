import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Failure, FailureSchema } from "@holdfast/proto/holdfast/bus/v1/envelope_pb";
import { isErrorCode } from "../errors/codes.ts";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { parseDetails } from "../errors/parse-details.ts";

/** An error of ours as it crosses the bus; its cause stays here. */
export const toFailure = (error: HoldfastError): MessageInitShape<typeof FailureSchema> => ({
  code: error.code,
  text: error.message,
  detailsJson: JSON.stringify(error.details),
});

/** The error that crossed the bus; a code of a newer version is INTERNAL and stands in the message. */
export const fromFailure = ({ code, text, detailsJson }: Failure): HoldfastError => {
  const details = parseDetails(detailsJson);
  return isErrorCode(code)
    ? new HoldfastError(code, text, { details })
    : new HoldfastError("INTERNAL", `${code}: ${text}`, { details });
};
