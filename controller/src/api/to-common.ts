import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type ByteCountsSchema,
  type CertificateSchema,
  type RemarkSchema,
  Result as ResultMessage,
} from "@holdfast/proto/holdfast/controller/v1/common_pb";
import type { PointStatistics } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { CertificateFacts } from "../engine/probe.ts";
import type { ByteCounts } from "../sessions/byte-counts.ts";
import type { Remark } from "../sessions/remark.ts";
import type { Result } from "../sessions/result.ts";

const results = {
  success: ResultMessage.SUCCESS,
  warning: ResultMessage.WARNING,
  failed: ResultMessage.FAILED,
  cancelled: ResultMessage.CANCELLED,
} as const satisfies Record<Result, ResultMessage>;

export const toResult = (result: Result | null): ResultMessage =>
  result === null ? ResultMessage.UNSPECIFIED : results[result];

export const toRemark = ({ level, code, message, diskId }: Remark): MessageInitShape<typeof RemarkSchema> => ({
  level,
  code,
  message,
  diskId,
});

export const toByteCounts = (bytes: ByteCounts): MessageInitShape<typeof ByteCountsSchema> => ({
  plannedBytes: BigInt(bytes.planned),
  zeroBytes: BigInt(bytes.zero),
  unchangedBytes: BigInt(bytes.unchanged),
  deduplicatedBytes: BigInt(bytes.deduplicated),
  storedBytes: BigInt(bytes.stored),
  changedBytes: BigInt(bytes.changed),
  readBytes: BigInt(bytes.read),
  sampledBytes: BigInt(bytes.sampled),
  packedBytes: BigInt(bytes.packed),
  writtenBytes: BigInt(bytes.written),
});

/** A point's own account, as its manifest has it. */
export const fromStatistics = (statistics: PointStatistics | undefined): MessageInitShape<typeof ByteCountsSchema> => {
  if (statistics === undefined) return {};
  const { $typeName: _name, $unknown: _unknown, ...counts } = statistics;
  return counts;
};

export const toCertificate = (certificate: CertificateFacts): MessageInitShape<typeof CertificateSchema> => ({
  subject: certificate.subject,
  issuer: certificate.issuer,
  sha256Fingerprint: certificate.sha256Fingerprint,
  notAfterMs: BigInt(certificate.notAfterMs),
  daysLeft: certificate.daysLeft,
  pem: certificate.pem,
});
