import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  CompareManagerRequest,
  CompareManagerResponseSchema,
  TrustManagerRequest,
} from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { ManagerConnection } from "../../inventory/manager-connection.ts";
import type { ApiDeps } from "../api-deps.ts";
import { toCertificate } from "../to-common.ts";

/**
 * What is known of a manager beside what answers now. The password is sent only through an anchor that is pinned or that an
 * operator has vouched for; without one that fits, who answers stays unknown.
 */
export const compareManager = async (
  deps: ApiDeps,
  request: CompareManagerRequest,
  signal: AbortSignal,
): Promise<MessageInitShape<typeof CompareManagerResponseSchema>> => {
  const { record } = deps.managers.get(request.manager);
  const shown = await deps.engines.probe(record.url, signal);
  const fits = await isSignedBy(deps, { url: record.url, anchorPem: record.apiAnchorPem }, signal);
  const anchorPem = fits ? record.apiAnchorPem : request.apiAnchorPem;
  const login = { apiAnchorPem: anchorPem, ...passwordOf(request) };
  const found = anchorPem === "" ? undefined : await deps.managers.whoAnswers(record.managerId, login, signal);
  return {
    knownInstanceId: record.engineInstanceId,
    foundInstanceId: found?.instanceId ?? "",
    foundVersion: found?.version ?? "",
    knownApi: toCertificate(deps.engines.describeAnchor(record.apiAnchorPem)),
    knownImageio: toCertificate(deps.engines.describeAnchor(record.imageioAnchorPem)),
    // The server may send less of its chain than was pinned: an anchor that still fits is not to be replaced.
    foundApi: toCertificate(fits ? deps.engines.describeAnchor(record.apiAnchorPem) : shown.api),
    foundImageio: toCertificate(shown.imageio),
  };
};

/** Takes over what an operator vouched for, and begins a new era of the manager. */
export const trustManager = async (
  deps: ApiDeps,
  request: TrustManagerRequest,
  signal: AbortSignal,
): Promise<ManagerConnection> => {
  const { record: former } = deps.managers.get(request.manager);
  const { instanceId: engineInstanceId, apiAnchorPem, imageioAnchorPem } = request;
  if (engineInstanceId === "") throw new HoldfastError("INVALID_ARGUMENT", "the instance id to trust is missing");
  const shown = [apiAnchorPem, imageioAnchorPem].map((pem) => deps.engines.describeAnchor(pem).sha256Fingerprint);
  const trusted = { engineInstanceId, apiAnchorPem, imageioAnchorPem, ...passwordOf(request) };
  const manager = await deps.managers.trust(former.managerId, trusted, signal);
  deps.log.warn("a manager was trusted anew: its checkpoints are doubted once", {
    manager: former.managerId,
    formerInstanceId: former.engineInstanceId,
    instanceId: engineInstanceId,
    era: manager.record.era,
    apiSha256: shown[0],
    imageioSha256: shown[1],
  });
  return manager;
};

const passwordOf = ({ password }: { readonly password: string }): { readonly password?: string } =>
  password === "" ? {} : { password };

const isSignedBy = async (
  { engines }: Pick<ApiDeps, "engines">,
  server: { readonly url: string; readonly anchorPem: string },
  signal: AbortSignal,
): Promise<boolean> => {
  try {
    await engines.checkApi(server.url, server.anchorPem, signal);
    return true;
  } catch (caught) {
    if (hasCode(caught, "ENGINE_UNTRUSTED")) return false;
    throw caught;
  }
};
