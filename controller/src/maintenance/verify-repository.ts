import type {
  VerificationCoverage,
  VerifyRepositoryResponse,
} from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { Remark } from "../sessions/remark.ts";
import { hurtRemarks } from "./hurt-remarks.ts";
import type { Operation } from "./operation.ts";

/** Has a repository read its packs back within a budget; names the points that what it finds hurts. */
export const verifyRepository: Operation = async ({ repository, request, tell, signal }) => {
  let last: VerifyRepositoryResponse | undefined;
  for await (const found of repository.verify(request.budgetBytes, signal)) {
    last = found;
    const phase = found.yielding ? "verifying, slowly: backups or restores are under way" : "verifying";
    tell({ phase, done: Number(found.bytesDone), total: Number(found.bytesTotal), unit: "bytes" });
  }
  if (last === undefined) return [];
  const hurt = last.pointsHurt > 0 ? await hurtRemarks(repository, signal) : [];
  return [...toRemarks(last), ...hurt];
};

const toRemarks = (found: VerifyRepositoryResponse): readonly Remark[] => {
  const { packsDone, recordsVerified, recordsDamaged, recordsMissing, packsUnreachable, coverage } = found;
  const read = `${recordsVerified} records of ${packsDone} packs were read back${coverage ? `; ${inWords(coverage)}` : ""}`;
  return [
    { level: "notice", code: "VERIFIED", message: read, diskId: "" },
    ...warningOf(
      recordsDamaged > 0n,
      "CHUNK_DAMAGED",
      `${recordsDamaged} records are damaged and were put into quarantine`,
    ),
    ...warningOf(recordsMissing > 0n, "CHUNK_MISSING", `${recordsMissing} records are missing`),
    ...warningOf(
      packsUnreachable > 0,
      "IO_FAILED",
      `${packsUnreachable} packs could not be reached; they are read next time`,
    ),
  ];
};

const warningOf = (isSo: boolean, code: string, message: string): readonly Remark[] =>
  isSo ? [{ level: "warning", code, message, diskId: "" }] : [];

const inWords = ({ readBytes, freshBytes, overdueBytes }: VerificationCoverage): string => {
  const all = readBytes + freshBytes + overdueBytes;
  const share = all === 0n ? 100 : Number((readBytes * 100n) / all);
  return `${share} % of all bytes were read back within 30 days`;
};
