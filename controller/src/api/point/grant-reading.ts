import type { MessageInitShape } from "@bufbuild/protobuf";
import type { GrantReadingRequest, GrantReadingResponseSchema } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import { fromHex } from "@holdfast/shared/format/content-id";
import { fromOpeningKeys } from "@holdfast/shared/keys/keys-message";
import { readCertificate } from "@holdfast/shared/identity/certificates";
import { parseUserToken } from "@holdfast/shared/identity/user-token";
import type { CallContext } from "@holdfast/shared/rpc/implementation";
import { bearerOf } from "../../identity/users.ts";
import { findPoint } from "../../repositories/find-point.ts";
import type { ApiDeps } from "../api-deps.ts";

/** A reading takes as long as a disk is large: an hour is to begin it in. */
const readingLifeMs = 3_600_000;

/** Lets an operator read one point straight from its repository: a short certificate for a key of the caller's, and a token. */
export const grantReading = async (
  deps: ApiDeps,
  { pointId, requestPem }: GrantReadingRequest,
  { metadata, signal }: Pick<CallContext, "metadata" | "signal">,
): Promise<MessageInitShape<typeof GrantReadingResponseSchema>> => {
  const { tokenId, installationId } = parseUserToken(bearerOf(metadata.get("authorization")));
  const { repository, summary, manifest } = await findPoint(deps.repositories.list(), pointId, signal);
  const { keys } = deps.repositories;
  // Before anything is granted: a reader without the key would read nothing.
  const { clear } = await keys.openManifest(repository, manifest, signal);
  const held = keys.find(repository.repositoryId);
  const certificatePem = await deps.identity.authority.certify({
    requestPem,
    name: { installationId, role: "operator", id: tokenId },
    commonName: `operator ${tokenId}`,
    lifeMs: readingLifeMs,
  });
  const { repositoryId, address } = repository;
  const { engineInstanceId = "", vmId = "" } = summary.vm ?? {};
  const { keyId } = readCertificate(certificatePem);
  deps.log.info("a reading was granted", { userId: tokenId, point: pointId, repository: repositoryId });
  return {
    installationId,
    caPem: deps.identity.authority.caPem,
    certificatePem,
    repositoryId,
    repositoryAddress: address,
    taskToken: deps.taskTokens.forExport({ pointId, repositoryId, engineInstanceId, vmId }, keyId, readingLifeMs),
    ...(held === undefined ? {} : { keys: fromOpeningKeys(held.keys.opening) }),
    roots: clear.disks.map(({ diskId, root }) => ({ diskId, root: fromHex(root) })),
  };
};
