import type { MessageInitShape } from "@bufbuild/protobuf";
import type { KeyStatusSchema, RepositoryRegistryService } from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { parseKeyList } from "@holdfast/shared/keys/key-list";
import { parseRecoveryKey } from "@holdfast/shared/keys/recovery-key";
import type { KeyProof } from "@holdfast/shared/keys/wrap-key";
import type { ServiceImplementation } from "@holdfast/shared/rpc/implementation";
import type { RepositoryConnection } from "../../repositories/repository-connection.ts";
import type { ApiDeps } from "../api-deps.ts";

type Calls = ServiceImplementation<typeof RepositoryRegistryService>;
type KeyCalls = Pick<Calls, "getKeyStatus" | "unlockRepository" | "changePassword" | "rotateKey">;

/** What an operator opens a repository with; undefined when nothing was given. */
export const toProof = ({
  password,
  recoveryKey,
}: {
  readonly password: string;
  readonly recoveryKey: string;
}): KeyProof | undefined => {
  if (password !== "") return { kind: "password", password };
  return recoveryKey === "" ? undefined : { kind: "recovery", recoveryKey: parseRecoveryKey(recoveryKey) };
};

/** The calls about keys of encrypted repositories. What they are given is never logged. */
export const keyCalls = ({ repositories, log }: ApiDeps): KeyCalls => {
  const tell = (what: string, { repositoryId, name }: RepositoryConnection): void => {
    log.info(what, { repository: repositoryId, name });
  };
  return {
    getKeyStatus: async (request, { signal }) => ({
      status: await statusOf(repositories.get(request.repository), repositories.keys, signal),
    }),
    unlockRepository: async ({ repository: named, ...given }, { signal }) => {
      const repository = repositories.get(named);
      const proof = toProof(given);
      if (proof === undefined)
        throw new HoldfastError("INVALID_ARGUMENT", "neither a password nor a recovery key was given");
      const { keyCheck } = await repository.describe(signal);
      if (keyCheck === "")
        throw new HoldfastError("FAILED_PRECONDITION", `repository ${repository.name} is not encrypted`);
      await repositories.keys.unlock(repository, { keyCheck, proof }, signal);
      tell("repository unlocked", repository);
      return { status: await statusOf(repository, repositories.keys, signal) };
    },
    changePassword: async ({ repository: named, newPassword }, { signal }) => {
      const repository = repositories.get(named);
      await repositories.keys.changePassword(repository, newPassword, signal);
      tell("password of a repository changed", repository);
      return { status: await statusOf(repository, repositories.keys, signal) };
    },
    rotateKey: async ({ repository: named }, { signal }) => {
      const repository = repositories.get(named);
      await repositories.keys.rotate(repository, signal);
      tell("key of a repository rotated", repository);
      return { status: await statusOf(repository, repositories.keys, signal) };
    },
  };
};

const statusOf = async (
  repository: RepositoryConnection,
  keys: ApiDeps["repositories"]["keys"],
  signal: AbortSignal,
): Promise<MessageInitShape<typeof KeyStatusSchema>> => {
  const { repositoryId, name } = repository;
  const { keyCheck } = await repository.describe(signal);
  if (keyCheck === "") return { repositoryId, name, state: "none" };
  const { number, activeKeyId, keyIds, wraps } = parseKeyList(await repository.getKeys(signal));
  return {
    repositoryId,
    name,
    state: keys.find(repositoryId) === undefined ? "locked" : "open",
    keyListNumber: number,
    activeKeyId,
    keyIds,
    wraps: wraps.map(({ kind }) => (kind === "scrypt" ? "password" : "recovery")),
  };
};
