import { z } from "zod";
import { enginePortsSchema } from "../doctor/engine-ports.ts";
import { isDailyTime } from "../jobs/schedule.ts";
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
  /** Holds the database, and in `identity` the installation that `holdfast init` made. */
  dataDir: z.string().min(1),
  /** Key of stored secrets, mode 0600; the one of the identity folder unless set. */
  keyFile: z.string().optional(),
  /** IANA zone of the installation; the machine's unless set. */
  timeZone: z.string().refine(isTimeZone, "is not a time zone").optional(),
  /** One or several: `host:port`, `unix:/path`. */
  rpc: z.strictObject({ listen: addresses.default(["127.0.0.1:7400"]) }).prefault({}),
  /** Where this controller dials the bus; what `holdfast init` was told unless set. */
  bus: z.strictObject({ servers: addresses.optional() }).prefault({}),
  identity: z
    .strictObject({
      /** Life of members' certificates; they renew at two thirds of it. */
      certificateLifeMs: ms(30 * 86_400_000),
      /** Where members dial the controller's API; what `holdfast init` was told unless set. */
      controllers: addresses.optional(),
      /** Where members dial the bus; as this controller does unless set. */
      busServers: addresses.optional(),
    })
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
  maintenance: z
    .strictObject({
      /** When repositories collect their garbage, `HH:MM` in the installation's zone, after retention; empty for never. */
      collectAt: z
        .string()
        .refine((text) => text === "" || isDailyTime(text), "is not a time of day")
        .default("01:00"),
    })
    .prefault({}),
  work: workSettingsSchema.prefault({}),
  workers: workerSettingsSchema.prefault({}),
  /** What `holdfast doctor` expects of engines. */
  doctor: enginePortsSchema.prefault({}),
});

/** The configuration of a controller. */
export type ControllerConfig = z.output<typeof controllerConfigSchema>;
