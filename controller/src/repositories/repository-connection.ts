import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ExaminationSchema } from "@holdfast/proto/holdfast/doctor/v1/doctor_pb";
import type {
  AttemptKey,
  CollectGarbageResponse,
  Configuration,
  GetRepositoryResponse,
  GetStatisticsResponse,
  ListHurtResponse,
  PointSummary,
  VerifyPointResponse,
  VerifyRepositoryResponse,
  VmKey,
} from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { CallOptions } from "@holdfast/shared/rpc/client-types";
import type { FoundByRepository } from "./examine-repository.ts";

/** Room for a point with its whole manifest object. */
export interface PointWithManifest {
  readonly summary: PointSummary;
  /** The manifest object's bytes. */
  readonly manifest: Uint8Array;
}

/** What a fence said (R5): a point exists, or no point of this attempt will ever be. */
export type FenceVerdict = { readonly kind: "committed"; readonly point: PointSummary } | { readonly kind: "retired" };

/**
 * One repository as the controller sees it. Every method fails with REPOSITORY_UNREACHABLE when it cannot be reached, and at
 * once while it was found unreachable a moment ago, so that one dead repository slows nothing else.
 */
export interface RepositoryConnection {
  readonly repositoryId: string;
  readonly name: string;
  readonly address: string;
  describe(signal: AbortSignal): Promise<GetRepositoryResponse>;
  /** What it finds when it looks at itself and around itself. Asked also when it was out of reach a moment ago. */
  examine(examination: MessageInitShape<typeof ExaminationSchema>, options: CallOptions): Promise<FoundByRepository>;
  /** Oldest first, at most 100,000; those marked deleted only when asked for. */
  listPoints(
    filter: { readonly vm?: VmKeyParts; readonly includeRemoved?: boolean },
    signal: AbortSignal,
  ): Promise<readonly PointSummary[]>;
  /** POINT_NOT_FOUND for none. */
  getPoint(pointId: string, signal: AbortSignal): Promise<PointWithManifest>;
  /** Retires an attempt and all before it, for ever. */
  fence(attempt: AttemptParts, signal: AbortSignal): Promise<FenceVerdict>;
  /** Shows it a trust bundle; answers what it has seen. CONTROLLER_OUTDATED when ours is lower. */
  updateTrust(signed: string, signal: AbortSignal): Promise<SeenTrust>;
  /** Every signed bundle that says what it believes revoked. */
  seenTrust(signal: AbortSignal): Promise<readonly string[]>;
  /** Backups of installations that lie there, of every installation, oldest first. */
  listConfigurations(signal: AbortSignal): Promise<readonly Configuration[]>;
  /** Keeps a backup of this installation; ALREADY_EXISTS unless its number is the highest. */
  putConfiguration(number: number, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Marks a point deleted; BELOW_FLOOR when fewer good ones than the floor would stay, POINT_IMMUTABLE, POINT_PROTECTED. */
  removePoint(
    request: { readonly pointId: string; readonly belowFloor: boolean; readonly reason: string },
    signal: AbortSignal,
  ): Promise<PointSummary>;
  /** The highest key list of an encrypted repository, wrapped, as JSON. */
  getKeys(signal: AbortSignal): Promise<string>;
  /** Appends a key list; FAILED_PRECONDITION when it does not follow the highest one. */
  putKeys(keyListJson: string, signal: AbortSignal): Promise<void>;
  /** Brings back a point that was marked deleted; POINT_NOT_FOUND once it is gone. */
  undeletePoint(pointId: string, signal: AbortSignal): Promise<PointSummary>;
  /** Protects a point, lifts that, or makes it immutable until a time that is not earlier than the one that holds. */
  protectPoint(protection: PointProtection, signal: AbortSignal): Promise<PointSummary>;
  /** Says that the clock of its machine is right. */
  confirmClock(signal: AbortSignal): Promise<void>;
  /** Reads packs back within a budget of bytes, 0 for all; tells how far it is. */
  verify(budgetBytes: number, signal: AbortSignal): AsyncIterable<VerifyRepositoryResponse>;
  /** Reads every chunk of a point back; tells how far it is. */
  verifyPoint(pointId: string, signal: AbortSignal): AsyncIterable<VerifyPointResponse>;
  /** Removes what nothing needs any more, or only says what it would; tells how far it is. REPOSITORY_BUSY while another one runs. */
  collect(dryRun: boolean, signal: AbortSignal): AsyncIterable<CollectGarbageResponse>;
  /** What is stored, and for whom; tells how far it is when it has to be worked out. */
  statistics(refresh: boolean, signal: AbortSignal): AsyncIterable<GetStatisticsResponse>;
  /** Points with known damage, with disks and ranges. */
  listHurt(signal: AbortSignal): AsyncIterable<ListHurtResponse>;
}

/** What a repository has seen of what was taken back. */
export interface SeenTrust {
  /** The highest number. */
  readonly number: number;
  /** True when it believes keys revoked of which the bundle that it was shown says nothing. */
  readonly remembers: boolean;
}

/** How a point is to be protected. */
export type PointProtection = { readonly pointId: string; readonly reason: string } & (
  | { readonly kind: "for-ever" | "lifted" }
  | { readonly kind: "until"; readonly untilMs: bigint }
);

/** A VM's identity (R3). */
export type VmKeyParts = Pick<VmKey, "engineInstanceId" | "vmId">;
/** An attempt's identity (R5). */
export type AttemptParts = Pick<AttemptKey, "taskId" | "number" | "attemptId">;
