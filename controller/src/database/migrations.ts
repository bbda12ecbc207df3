import type { Transaction } from "kysely";
import { addCapturePolicy } from "./add-capture-policy.ts";
import { addManagerEra } from "./add-manager-era.ts";
import { addReadingPolicy } from "./add-reading-policy.ts";
import { addVerifyAfter } from "./add-verify-after.ts";
import { createIdentityTables } from "./create-identity-tables.ts";
import { createMaintenanceTable } from "./create-maintenance-table.ts";
import { createRepositoryKeysTable } from "./create-repository-keys-table.ts";
import { createWorkersTable } from "./create-workers-table.ts";
import { createFirstTables } from "./first-tables.ts";
import type { Tables } from "./schema.ts";

/** One numbered step of the schema; never changed after a release. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly up: (transaction: Transaction<Tables>) => Promise<void>;
}

/** All steps in order; the newest one's number is the schema's version. */
export const migrations: readonly Migration[] = [
  { version: 1, name: "first tables", up: createFirstTables },
  { version: 2, name: "identities", up: createIdentityTables },
  { version: 3, name: "workers", up: createWorkersTable },
  { version: 4, name: "maintenance", up: createMaintenanceTable },
  { version: 5, name: "keys of repositories", up: createRepositoryKeysTable },
  { version: 6, name: "verification after jobs", up: addVerifyAfter },
  { version: 7, name: "eras of managers", up: addManagerEra },
  { version: 8, name: "capture policies of jobs", up: addCapturePolicy },
  { version: 9, name: "active fulls and audits", up: addReadingPolicy },
];
