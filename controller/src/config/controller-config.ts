import { busSecurity } from "@holdfast/shared/bus/credentials";
import { rpcSecurity } from "@holdfast/shared/rpc/credentials";
import { z } from "zod";
import { isTimeZone } from "../retention/calendar-day.ts";
import { workSettingsSchema } from "../sessions/work-settings.ts";
import { workerSettingsSchema } from "../workers/worker-settings.ts";

const addresses = z.union([
  z.array(z.string().min(1)),
  z.string().transform((text) => text.split(",").map((address) => address.trim())),
]);

const ms = (value: number) => z.coerce.number().int().positive().default(value);

/** What a controller is told at start, by file and by `HOLDFAST_CONTROLLER_…` variables. Times are milliseconds. */
export const controllerConfigSchema = z.strictObject({
  /** Holds the database, the installation's id, and the key of its secrets unless `keyFile` says otherwise. */
  dataDir: z.string().min(1),
  /** The installation's id; made at the first start and kept in the data folder when it is not set. */
  installationId: z
    .string()
    .regex(/^[0-9a-z]{1,32}$/)
    .optional(),
  /** Key of stored secrets, mode 0600. */
  keyFile: z.string().optional(),
  /** IANA zone of the installation; the machine's unless set. */
  timeZone: z.string().refine(isTimeZone, "is not a time zone").optional(),
  rpc: z
    .strictObject({ listen: z.string().default("127.0.0.1:7400"), security: rpcSecurity.prefault({}) })
    .prefault({}),
  bus: z
    .strictObject({ servers: addresses.default(["nats://127.0.0.1:4222"]), security: busSecurity.prefault({}) })
    .prefault({}),
  agents: z
    .strictObject({
      /** An attempt whose heartbeat is older than this is given up (A4). */
      heartbeatTimeoutMs: ms(30_000),
      heartbeatIntervalMs: ms(2_000),
      /** Without a hello for this long an agent is silent. */
      silentAfterMs: ms(15_000),
    })
    .prefault({}),
  /** How often inventories are read. */
  inventoryEveryMs: ms(60_000),
  janitor: z
    .strictObject({
      everyMs: ms(300_000),
      /** The longest that a request of ours may be under way: what is left behind is looked for again after it (R6). */
      requestTimeoutMs: ms(30_000),
    })
    .prefault({}),
  work: workSettingsSchema.prefault({}),
  workers: workerSettingsSchema.prefault({}),
});

/** The configuration of a controller. */
export type ControllerConfig = z.output<typeof controllerConfigSchema>;
