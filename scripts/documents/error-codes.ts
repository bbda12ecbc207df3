import { errorCodes, isErrorCode, traitsOf } from "../../shared/src/errors/codes.ts";
import { heading, markdownTable } from "./markdown.ts";

/** docs/design/error-codes.md */
export const errorCodesDocument = (): string => {
  const rows = Object.keys(errorCodes)
    .filter(isErrorCode)
    .map((code) => {
      const traits = traitsOf(code);
      return [
        `\`${code}\``,
        traits.meaning,
        traits.retryable ? "yes" : "no",
        traits.grpc,
        String(traits.exit),
        traits.advice ?? "",
      ];
    });
  return `${heading(
    "Error codes",
    "Every error that Holdfast tells carries one of these codes, on every wire and in every log. *Retryable* means that the same request may succeed later without anyone acting.",
  )}\n${markdownTable(["code", "meaning", "retryable", "gRPC status", "CLI exit", "what to do"], rows)}
Beside these, \`holdfast\` ends with 0 when it did what was asked, 1 when a session that it waited for failed or was cancelled, and 2 when
that session ended with a warning. \`holdfast doctor\` ends with 1 for an error and with 2 for warnings alone.\n`;
};
