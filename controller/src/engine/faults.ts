import type { ErrorCode } from "@holdfast/shared/errors/codes";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { redactText } from "@holdfast/shared/logging/redaction";
import { permitsOfCall } from "@holdfast/shared/rights/needed-permits";

import type { Answer } from "./answer.ts";
import { type EngineWords, wordsOf } from "./fault-body.ts";

/** What an answer that is not a yes means, before its words are looked at. */
type FaultClass = "login" | "forbidden" | "missing" | "conflict" | "refused" | "gateway" | "broken" | "outside";

/** One row of the table: the first whose conditions fit decides. */
interface FaultRow {
  readonly is: FaultClass;
  readonly statuses: readonly number[];
  /** Text in the engine's detail that must be there too. */
  readonly says?: RegExp;
  readonly code: ErrorCode;
}

/**
 * Which code an answer gets. Texts are those of `Accept-Language: en-US`; a row with a text stands before the row of its
 * status. A conflict that waiting does not cure is a fault.
 */
const table: readonly FaultRow[] = [
  { is: "conflict", statuses: [409], says: /should be in Up or Down status/i, code: "VM_STATE_UNFIT" },
  { is: "conflict", statuses: [409], says: /VM is previewing a Snapshot/i, code: "VM_STATE_UNFIT" },
  { is: "conflict", statuses: [409], says: /Hosted Engine VM is not supported/i, code: "ENGINE_FAULT" },
  {
    is: "conflict",
    statuses: [409],
    says: /Backup is not supported by the host|lower than 4\.4\.5/i,
    code: "CAPTURE_NOT_SUPPORTED",
  },
  { is: "conflict", statuses: [409], says: /Bitmaps operations are not supported/i, code: "CAPTURE_NOT_SUPPORTED" },
  { is: "conflict", statuses: [409], says: /are not active on VM/i, code: "ENGINE_FAULT" },
  { is: "conflict", statuses: [409], says: /already (in use|exists)/i, code: "ALREADY_EXISTS" },
  { is: "conflict", statuses: [409], says: /Incremental backup is disabled/i, code: "CHECKPOINT_UNUSABLE" },
  { is: "conflict", statuses: [409], code: "ENGINE_CONFLICT" },
  { is: "refused", statuses: [400], says: /Checkpoint ID .*(doesn't exist|is invalid)/i, code: "CHECKPOINT_UNUSABLE" },
  { is: "refused", statuses: [400], says: /Incremental backup is not supported/i, code: "CHECKPOINT_UNUSABLE" },
  { is: "refused", statuses: [400], says: /not included in the previous VM backup/i, code: "CHECKPOINT_UNUSABLE" },
  { is: "refused", statuses: [400], says: /already (in use|exists)/i, code: "ALREADY_EXISTS" },
  { is: "refused", statuses: [400, 405, 406, 411, 413, 415], code: "ENGINE_FAULT" },
  { is: "login", statuses: [401], code: "ENGINE_CREDENTIALS_REFUSED" },
  { is: "forbidden", statuses: [403], code: "ENGINE_FORBIDDEN" },
  { is: "missing", statuses: [404], code: "NOT_FOUND" },
  { is: "gateway", statuses: [429, 502, 503, 504], code: "ENGINE_UNREACHABLE" },
  { is: "broken", statuses: [500], code: "ENGINE_FAULT" },
];

const outside: Pick<FaultRow, "is" | "code"> = { is: "outside", code: "ENGINE_PROTOCOL" };

/** True when what answered is the web server in front of an engine that is not there, rather than the engine. */
const isGatewayPage = ({ status, mediaType }: Answer): boolean => status >= 500 && mediaType !== "application/json";

const rowOf = (answer: Answer, { detail }: EngineWords): Pick<FaultRow, "is" | "code"> => {
  if (isGatewayPage(answer)) return { is: "gateway", code: "ENGINE_UNREACHABLE" };
  return table.find((row) => row.statuses.includes(answer.status) && row.says?.test(detail) !== false) ?? outside;
};

/** The error of an answer that is not a yes. `call` says what was asked, without a query: `POST /vms/ID/backups`. */
export const errorOfAnswer = (answer: Answer, call: string): HoldfastError => {
  const words = wordsOf(answer);
  const { is, code } = rowOf(answer, words);
  const said = redactText(is === "forbidden" ? `${permitsNeeded(call)}${saidBy(words)}` : saidBy(words));
  const details = { status: answer.status, fault: is, call, detail: redactText(words.detail).slice(0, 1_000) };
  return new HoldfastError(code, `${call}: ${messages[is](answer.status)}${said}`, { details });
};

/** The engine does not say which permit it missed. */
const permitsNeeded = (call: string): string => {
  const [method = "", path = ""] = call.split(" ");
  const permits = permitsOfCall(method, path);
  return permits.length === 0 ? "" : ` (it takes ${permits.join(", ")}: see manager test)`;
};

const saidBy = ({ reason, detail }: EngineWords): string => {
  const text = detail === "" ? reason : detail;
  return text === "" ? "" : `: ${text.slice(0, 1_000)}`;
};

const messages: Readonly<Record<FaultClass, (status: number) => string>> = {
  login: () => "the engine does not take the login",
  forbidden: () => "the engine's user may not do this",
  missing: () => "the engine has no such object",
  conflict: () => "the object is not free for this now",
  refused: () => "the engine refused it",
  gateway: (status) => `the engine is not there (status ${status})`,
  broken: () => "the engine failed",
  outside: (status) => `the engine answered with the unexpected status ${status}`,
};
