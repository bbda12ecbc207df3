import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  OpenUploadRequest,
  OpenUploadResponseSchema,
  PointSummarySchema,
} from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { AttemptRef, Origin, VmKey } from "@holdfast/shared/format/manifest-schema";
import type { CallContext } from "@holdfast/shared/rpc/implementation";
import type { CatalogPoint } from "../catalog/catalog-point.ts";
import { isSameVm } from "../catalog/catalog-point.ts";
import { toBaseDisks, toPointSummary, toRangeMessage } from "../catalog/point-message.ts";
import { isAttemptOf, type UploadTerms } from "../uploads/upload.ts";
import { refused, type TaskPermission } from "./authorize.ts";
import type { ServiceDeps } from "./deps.ts";
import { holdOpen } from "./hold.ts";
import { toAttempt, toPointId, toVmKey } from "./requests.ts";
import type { Calls } from "./types.ts";

type Opened = MessageInitShape<typeof OpenUploadResponseSchema>;

/** Opens an upload and holds it, or answers the point of a task that has committed (A1–A4, U1–U6). */
export const openUpload = (deps: ServiceDeps): Calls["openUpload"] =>
  async function* (request, context) {
    const answer = await open(deps, request, { context, permission: deps.authorizer.permissionOf(context) });
    if (answer.kind === "committed") {
      yield committed(answer.point);
      return;
    }
    const upload = deps.uploads.open(answer.terms);
    try {
      yield opened(deps, upload.uploadId, answer.terms);
      await holdOpen(upload, context);
    } finally {
      upload.end(new HoldfastError("UPLOAD_UNKNOWN", `upload ${upload.uploadId} is over: its stream ended`));
    }
  };

type Answer =
  | { readonly kind: "committed"; readonly point: CatalogPoint }
  | { readonly kind: "opened"; readonly terms: Omit<UploadTerms, "uploadId"> };

interface Asking {
  readonly context: CallContext;
  readonly permission: TaskPermission;
}

const open = async (
  deps: ServiceDeps,
  request: OpenUploadRequest,
  { context, permission }: Asking,
): Promise<Answer> => {
  const { store, catalog, bases, room } = deps;
  checkRepository(deps, request);
  const attempt = toAttempt(request.attempt);
  const vm = toVmKey(request.vm);
  checkClaims(permission, attempt, vm);
  if (catalog.get(attempt.taskId)) {
    await store.assertOwned();
    return { kind: "committed", point: catalog.require(attempt.taskId) };
  }
  await room.check();
  const base = request.basePointId === "" ? undefined : catalog.requireLive(toPointId(request.basePointId));
  if (base && !isSameVm(base.vm, vm)) {
    throw new HoldfastError("INVALID_ARGUMENT", `point ${base.pointId} is of another VM and cannot be the base`);
  }
  const { absences } = store;
  const heal = base ? await bases.healOf(base, context.signal) : [];
  const answer = await store.openAttempt(attempt);
  if (answer.state === "committed") return { kind: "committed", point: catalog.add(answer.point) };
  // It may have been removed while the attempt was being opened.
  if (base) catalog.requireLive(base.pointId);
  return {
    kind: "opened",
    terms: { attempt, vm, keyId: permission.keyId, base, origin: originOf(permission), heal, absences },
  };
};

const checkClaims = (permission: TaskPermission, attempt: AttemptRef, vm: VmKey): void => {
  if (!isAttemptOf(permission, attempt)) throw refused("it is for another attempt");
  const { engineInstanceId, vmId } = permission.claims;
  if (!isSameVm(vm, { engineInstanceId, vmId })) throw refused("it is for another VM");
};

/** Only who was told to copy makes a copy, and of nothing else. */
const originOf = ({ claims }: TaskPermission): Origin | undefined =>
  claims.operation === "copy" ? { repositoryId: claims.originRepositoryId, pointId: claims.pointId } : undefined;

const checkRepository = ({ store, trust }: ServiceDeps, { repositoryId, installationId }: OpenUploadRequest): void => {
  const { facts } = store;
  if (repositoryId !== facts.repositoryId) {
    throw new HoldfastError("REPOSITORY_MISMATCH", `this is repository ${facts.repositoryId}, not ${repositoryId}`);
  }
  const own = trust.current.installationId;
  if (installationId === "" || installationId === own) return;
  throw new HoldfastError("REPOSITORY_MISMATCH", `this repository belongs to installation ${own}`);
};

const committed = (point: CatalogPoint): Opened => {
  const value: MessageInitShape<typeof PointSummarySchema> = toPointSummary(point);
  return { event: { case: "committed", value } };
};

const opened = ({ store }: ServiceDeps, uploadId: string, { base, heal }: Omit<UploadTerms, "uploadId">): Opened => ({
  event: {
    case: "opened",
    value: {
      uploadId,
      chunkSize: store.facts.chunkSize,
      baseDisks: toBaseDisks(base),
      heal: heal.map(toRangeMessage),
    },
  },
});
