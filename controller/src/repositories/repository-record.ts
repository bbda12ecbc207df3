/** A repository that jobs may write to, as it is kept. */
export interface RepositoryRecord {
  readonly repositoryId: string;
  readonly name: string;
  /** `host:port` or `unix:path`. */
  readonly address: string;
  readonly createdMs: number;
}
