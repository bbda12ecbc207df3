/** When a VM was last read whole into a repository. */
export interface WholeReadRow {
  readonly engine_instance_id: string;
  readonly vm_id: string;
  readonly repository_id: string;
  readonly read_ms: number;
}

/** When a backup last found that a VM's change tracking had lied. */
export interface TrackingLieRow {
  readonly engine_instance_id: string;
  readonly vm_id: string;
  readonly lied_ms: number;
}
