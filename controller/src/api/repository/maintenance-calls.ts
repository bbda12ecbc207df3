import type { RepositoryRegistryService } from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { ServiceImplementation } from "@holdfast/shared/rpc/implementation";
import { requestedSessionId } from "../../sessions/start-session.ts";
import type { ApiDeps } from "../api-deps.ts";
import { beginMaintenance } from "../maintenance/begin-maintenance.ts";

type Calls = Pick<
  ServiceImplementation<typeof RepositoryRegistryService>,
  "verifyRepository" | "collectGarbage" | "rescanRepository"
>;

/** The calls that start a session of maintenance. */
export const maintenanceCalls = (deps: ApiDeps): Calls => ({
  verifyRepository: async ({ repository, budgetBytes, requestId }) => {
    if (budgetBytes < 0n) throw new HoldfastError("INVALID_ARGUMENT", `${budgetBytes} bytes are no budget`);
    const { repositoryId, name } = deps.repositories.get(repository);
    const sessionId = requestedSessionId("repository-verify", repositoryId, requestId, deps.random);
    await beginMaintenance(deps, {
      kind: "repository-verify",
      sessionId,
      repositoryId,
      title: `repository ${name}`,
      request: { budgetBytes: Number(budgetBytes) },
    });
    return { sessionId };
  },
  collectGarbage: async ({ repository, dryRun, requestId }) => {
    const { repositoryId, name } = deps.repositories.get(repository);
    const what = `${repositoryId}/${String(dryRun)}`;
    const sessionId = requestedSessionId("repository-gc", what, requestId, deps.random);
    const title = `repository ${name}${dryRun ? " (dry run)" : ""}`;
    await beginMaintenance(deps, { kind: "repository-gc", sessionId, repositoryId, title, request: { dryRun } });
    return { sessionId };
  },
  rescanRepository: async ({ repository, requestId }) => {
    const { repositoryId, name } = deps.repositories.get(repository);
    const sessionId = requestedSessionId("repository-rescan", repositoryId, requestId, deps.random);
    await beginMaintenance(deps, { kind: "repository-rescan", sessionId, repositoryId, title: `repository ${name}` });
    return { sessionId };
  },
});
