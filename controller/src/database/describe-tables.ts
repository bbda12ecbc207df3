import { systemClock } from "@holdfast/shared/clock/clock";
import { openDatabase } from "./database.ts";
import { schemaVersion } from "./migrate.ts";

/** What each table is for; a table without a line here fails its test. */
const purposes: Readonly<Record<string, string>> = {
  agents: "The last hello of each agent.",
  attempts:
    "Each try of a task by one agent: who holds it, what was prepared for it, how it ended, what the fence said.",
  invitations: "Ways to join once: who may, until when, and the hash of the secret; used ones stay.",
  job_excluded_disks: "Disks that a job leaves out.",
  job_vms: "The VMs of each job, by id.",
  jobs: "Jobs: what, where to, when, how long kept.",
  journal: "Intent: what an attempt is about to make, or made, on an engine (R6).",
  maintenance: "What sessions that work on a repository itself are to do.",
  managers: "Connected managers with their two anchors; the password only sealed.",
  members: "Agents and repositories that have joined, by the key of their certificate; revoked ones stay.",
  repositories:
    "Repositories that jobs may write to. Their points are not here: the repository is the only truth about them.",
  repository_keys: "Master keys of encrypted repositories, only sealed, and which keys each has.",
  schema_versions: "Which migrations this database has had.",
  sessions: "Runs of jobs, restores, tests of workers, and maintenance of repositories.",
  settings: "Values of the installation by name.",
  tasks: "Each VM of a session, with its plan, state and result.",
  tracking_lies: "When a backup last found that a VM's change tracking had lied: nothing older is relied on.",
  unknown_attempts: "Attempts that were heard of and are not known here: they are fenced in every repository.",
  unknown_fences: "Which repositories have fenced which of them.",
  user_tokens: "Users' tokens by the hash of their secret, with role, life and last use; revoked ones stay.",
  whole_reads: "When each VM was last read whole into each repository: what audits count from.",
  workers: "Worker VMs: how each is defined, where it is in its life, why it cannot be used.",
};

/** The page `docs/design/tables.md`: every table and column as the migrations make them. */
export const describeTables = async (): Promise<string> => {
  await using database = await openDatabase(":memory:", systemClock);
  const tables = [...(await database.queries.introspection.getTables())].sort((left, right) =>
    left.name.localeCompare(right.name),
  );
  const sections = tables.map(({ name, columns }) => {
    const rows = columns.map(
      (column) => `| \`${column.name}\` | ${column.dataType} | ${column.isNullable ? "may be null" : ""} |`,
    );
    return [`## ${name}`, "", purposeOf(name), "", "| column | type | |", "|---|---|---|", ...rows].join("\n");
  });
  const head = [
    "# The controller's tables",
    "",
    `Generated from \`controller/src/database\`. Schema version ${schemaVersion}. Times are UTC milliseconds, truth is 0 or 1, structured values are JSON.`,
  ].join("\n");
  return `${[head, ...sections].join("\n\n")}\n`;
};

const purposeOf = (table: string): string => {
  const purpose = purposes[table];
  if (purpose === undefined) throw new Error(`table ${table} has no line in describe-tables.ts`);
  return purpose;
};
