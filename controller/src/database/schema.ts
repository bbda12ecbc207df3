import type { TrackingLieRow, WholeReadRow } from "./reading-rows.ts";

/** Column types: text, whole numbers (milliseconds, counts), and 0 or 1 for truth, since both dialects must read them alike. */
export type Flag = 0 | 1;

/** Which migrations a database has had. */
export interface SchemaVersionRow {
  readonly version: number;
  readonly applied_ms: number;
}

/** A connected oVirt Manager. */
export interface ManagerRow {
  readonly manager_id: string;
  readonly name: string;
  readonly url: string;
  readonly username: string;
  readonly password_sealed: string;
  readonly api_anchor_pem: string;
  readonly imageio_anchor_pem: string;
  readonly engine_instance_id: string;
  readonly engine_version: string;
  readonly refused_reason: string | null;
  readonly era: number;
  readonly created_ms: number;
}

/** A repository that jobs may write to. */
export interface RepositoryRow {
  readonly repository_id: string;
  readonly name: string;
  readonly address: string;
  readonly created_ms: number;
}

/** A job. */
export interface JobRow {
  readonly job_id: string;
  readonly name: string;
  readonly description: string;
  readonly enabled: Flag;
  readonly repository_id: string;
  readonly daily_at: string;
  readonly time_zone: string;
  readonly keep_days: number;
  readonly codec: string;
  readonly verify_after: Flag;
  readonly active_full_on: string;
  readonly audit_days: number;
  readonly audit_bytes: number;
  readonly sample_chunks: number;
  readonly capture: string;
  readonly legacy_capture: Flag;
  readonly consistency: string;
  readonly handled_ms: number;
  readonly created_ms: number;
}

/** A VM of a job. */
export interface JobVmRow {
  readonly job_id: string;
  readonly position: number;
  readonly manager_id: string;
  readonly vm_id: string;
  readonly vm_name: string;
}

/** A disk that a job leaves out. */
export interface JobExcludedDiskRow {
  readonly job_id: string;
  readonly vm_id: string;
  readonly disk_id: string;
}

/** A run of a job, or a restore. */
export interface SessionRow {
  readonly session_id: string;
  readonly kind: string;
  readonly job_id: string;
  readonly job_name: string;
  readonly trigger_kind: string;
  readonly state: string;
  readonly wish: string;
  readonly result: string | null;
  readonly time_zone: string;
  readonly calendar_day: string;
  readonly remarks: string;
  readonly created_ms: number;
  readonly started_ms: number | null;
  readonly ended_ms: number | null;
}

/** One VM of a session. */
export interface TaskRow {
  readonly task_id: string;
  readonly session_id: string;
  readonly kind: string;
  readonly position: number;
  readonly manager_id: string;
  readonly engine_instance_id: string;
  readonly cluster_id: string;
  readonly vm_id: string;
  readonly vm_name: string;
  readonly repository_id: string;
  readonly state: string;
  readonly doing: string;
  readonly scope: string;
  readonly plan: string | null;
  readonly placement: string;
  readonly queued_ms: number;
  readonly not_before_ms: number;
  readonly result: string | null;
  readonly point_id: string;
  readonly restored_vm_id: string;
  readonly restored_vm_name: string;
  readonly remarks: string;
  readonly totals: string;
  readonly started_ms: number | null;
  readonly ended_ms: number | null;
}

/** One try of a task by one agent. */
export interface AttemptRow {
  readonly task_id: string;
  readonly number: number;
  readonly attempt_id: string;
  readonly agent_id: string;
  readonly agent_name: string;
  readonly incarnation: string;
  readonly state: string;
  readonly prepared: string | null;
  readonly ending: string | null;
  readonly fence: string;
  readonly cleaned: Flag;
  readonly started_ms: number;
  readonly ended_ms: number | null;
}

/** What we are about to make, or made, on an engine (R6). */
export interface JournalRow {
  readonly entry_id: string;
  readonly manager_id: string;
  readonly task_id: string;
  readonly attempt_number: number;
  readonly attempt_id: string;
  readonly kind: string;
  readonly vm_id: string;
  readonly object_id: string;
  readonly facts: string;
  readonly written_ms: number;
}

/** The last hello of an agent. */
export interface AgentRow {
  readonly agent_id: string;
  readonly name: string;
  readonly version: string;
  readonly incarnation: string;
  readonly manager_name: string;
  readonly cluster_name: string;
  readonly host_name: string;
  readonly slots: number;
  readonly disk_service_address: string;
  readonly reachable_hosts: string;
  readonly started_ms: number;
  readonly seen_ms: number;
}

/** An attempt that the database did not know when it was heard of: to be fenced everywhere. */
export interface UnknownAttemptRow {
  readonly task_id: string;
  readonly number: number;
  readonly attempt_id: string;
  readonly heard_ms: number;
}

/** A repository's answer that an unknown attempt is fenced there. */
export interface UnknownFenceRow {
  readonly task_id: string;
  readonly number: number;
  readonly repository_id: string;
  readonly fenced_ms: number;
}

/** A way to join once. */
export interface InvitationRow {
  readonly invite_id: string;
  readonly secret_hash: string;
  readonly role: string;
  readonly member_id: string;
  readonly name: string;
  readonly manager_name: string;
  readonly cluster_name: string;
  readonly worker_id: string;
  readonly replaces_id: string;
  readonly created_ms: number;
  readonly expires_ms: number;
  readonly used_ms: number | null;
  readonly used_key_id: string;
}

/** An agent or a repository that has joined. */
export interface MemberRow {
  readonly role: string;
  readonly id: string;
  readonly name: string;
  readonly key_id: string;
  readonly bus_public_key: string;
  readonly manager_name: string;
  readonly cluster_name: string;
  readonly worker_id: string;
  readonly joined_ms: number;
  readonly issued_ms: number;
  readonly expires_ms: number;
  readonly revoked_ms: number | null;
}

/** A user's token, by the hash of its secret. */
export interface UserTokenRow {
  readonly token_id: string;
  readonly name: string;
  readonly role: string;
  readonly secret_hash: string;
  readonly created_ms: number;
  readonly expires_ms: number | null;
  readonly last_used_ms: number | null;
  readonly revoked_ms: number | null;
}

/** A VM of ours that runs an agent. */
export interface WorkerRow {
  readonly worker_id: string;
  readonly name: string;
  readonly manager_id: string;
  readonly cluster_id: string;
  readonly definition: string;
  readonly enabled: Flag;
  readonly state: string;
  readonly moved_ms: number;
  readonly doing: string;
  readonly unhealthy_reason: string;
  readonly unhealthy_ms: number;
  readonly vm_id: string;
  readonly disk_id: string;
  readonly generation: number;
  readonly pending: string;
  readonly removing: Flag;
  readonly test: string | null;
  readonly created_ms: number;
}

/** What a session of maintenance is to do. */
export interface MaintenanceRow {
  readonly session_id: string;
  readonly kind: string;
  readonly repository_id: string;
  readonly request: string;
}

/** Keys of an encrypted repository; the master key sealed. */
export interface RepositoryKeysRow {
  readonly repository_id: string;
  readonly master_sealed: string;
  readonly list_number: number;
  readonly active_key_id: string;
  readonly key_ids: string;
  readonly changed_ms: number;
}

/** A value of the installation, by name. */
export interface SettingRow {
  readonly name: string;
  readonly value: string;
}

/** Every table of the controller's database. */
export interface Tables {
  schema_versions: SchemaVersionRow;
  managers: ManagerRow;
  repositories: RepositoryRow;
  jobs: JobRow;
  job_vms: JobVmRow;
  job_excluded_disks: JobExcludedDiskRow;
  sessions: SessionRow;
  tasks: TaskRow;
  attempts: AttemptRow;
  journal: JournalRow;
  agents: AgentRow;
  unknown_attempts: UnknownAttemptRow;
  unknown_fences: UnknownFenceRow;
  settings: SettingRow;
  invitations: InvitationRow;
  members: MemberRow;
  user_tokens: UserTokenRow;
  workers: WorkerRow;
  maintenance: MaintenanceRow;
  repository_keys: RepositoryKeysRow;
  tracking_lies: TrackingLieRow;
  whole_reads: WholeReadRow;
}
