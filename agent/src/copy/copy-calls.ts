import type { RepositoryCalls } from "../repository/repository-access.ts";

/** The two repositories of a copy, as one lane dials them. */
export interface CopyCalls {
  readonly source: RepositoryCalls;
  readonly target: RepositoryCalls;
}
