import { createHash } from "node:crypto";
import type { Queries } from "../database/database.ts";

/**
 * A digest of what operators defined and of who belongs to the installation: it changes when the backup of the installation should be
 * written anew, and not by running jobs.
 */
export const definitionDigest = async (queries: Queries, more: readonly (string | number)[]): Promise<string> => {
  const digest = createHash("sha256");
  for (const rows of await definitionsIn(queries)) digest.update(`${JSON.stringify(rows)}\n`);
  return digest.update(JSON.stringify(more)).digest("hex");
};

const definitionsIn = (queries: Queries): Promise<readonly (readonly object[])[]> =>
  Promise.all([
    queries
      .selectFrom("jobs")
      .select([
        "job_id",
        "name",
        "description",
        "enabled",
        "repository_id",
        "daily_at",
        "time_zone",
        "keep_days",
        "codec",
        "verify_after",
        "active_full_on",
        "audit_days",
        "audit_bytes",
        "sample_chunks",
        "capture",
        "legacy_capture",
        "consistency",
      ])
      .orderBy("job_id")
      .execute(),
    queries.selectFrom("job_vms").selectAll().orderBy("job_id").orderBy("position").execute(),
    queries
      .selectFrom("job_excluded_disks")
      .selectAll()
      .orderBy("job_id")
      .orderBy("vm_id")
      .orderBy("disk_id")
      .execute(),
    queries
      .selectFrom("managers")
      .select(["manager_id", "name", "url", "username", "password_sealed", "api_anchor_pem", "imageio_anchor_pem"])
      .select(["engine_instance_id", "era"])
      .orderBy("manager_id")
      .execute(),
    queries.selectFrom("repositories").selectAll().orderBy("repository_id").execute(),
    queries.selectFrom("repository_keys").selectAll().orderBy("repository_id").execute(),
    queries.selectFrom("workers").select(["worker_id", "definition", "enabled"]).orderBy("worker_id").execute(),
    queries.selectFrom("members").selectAll().orderBy("role").orderBy("id").execute(),
    queries.selectFrom("user_tokens").select(["token_id", "revoked_ms"]).orderBy("token_id").execute(),
  ]);
