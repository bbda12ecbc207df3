/** What is kept of an encrypted repository's keys. */
export interface KeyRecord {
  readonly repositoryId: string;
  /** The master key in hexadecimal digits, sealed by this installation's key file (R12). */
  readonly masterSealed: string;
  /** The list in the repository's log of keys that the key ids are from. */
  readonly listNumber: number;
  readonly activeKeyId: string;
  readonly keyIds: readonly string[];
  readonly changedMs: number;
}
