import type { RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { ServiceImplementation } from "@holdfast/shared/rpc/implementation";

/** The functions that answer the repository's calls, by name. */
export type Calls = ServiceImplementation<typeof RepositoryService>;
