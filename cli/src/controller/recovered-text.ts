import { toIso } from "@holdfast/shared/clock/clock";
import { z } from "zod";
import { factsText } from "../output/output.ts";

const texts = z.array(z.string()).readonly();

/** What the controller's program says that it rebuilt; also the shape of `-o json`. */
export const recoveredSchema = z.object({
  installationId: z.string(),
  caFingerprint: z.string(),
  number: z.int(),
  createdMs: z.int(),
  kit: z.int(),
  dataDir: z.string(),
  caFile: z.string(),
  adminTokenFile: z.string(),
  controllerConfigFile: z.string(),
  natsConfigurationFile: z.string(),
  controllers: texts,
  busServers: texts,
  trust: z.object({ before: z.int(), now: z.int() }),
  disabledJobs: texts,
  cancelledSessions: z.int(),
  agents: texts,
  repositories: z.array(z.object({ repositoryId: z.string(), name: z.string(), address: z.string() })).readonly(),
});

/** What was rebuilt. */
export type Recovered = z.output<typeof recoveredSchema>;

/** What was rebuilt, what it does not know, and what to do next. */
export const recoveredText = (made: Recovered): string =>
  [
    `installation ${made.installationId} is rebuilt in ${made.dataDir}, as it was at ${toIso(made.createdMs)}`,
    "",
    factsText([
      ["from", `configuration ${made.number}, recovery kit ${made.kit}`],
      ["authority", made.caFingerprint],
      ["jobs", `${made.disabledJobs.length} disabled${listed(made.disabledJobs)}`],
      ["sessions", `${made.cancelledSessions} that were under way are cancelled when it starts`],
      ["tokens", `all users' tokens are revoked; a new administrator's is ${made.adminTokenFile}`],
      ["agents", `${made.agents.length}${listed(made.agents)}`],
      ["members dial", [...made.controllers, ...made.busServers].join(", ")],
      ["trust", `raised from ${made.trust.before} to ${made.trust.now}`],
    ]),
    "",
    `What was revoked after ${toIso(made.createdMs)} is not in the backup. Members that saw it keep to it, and the controller learns it`,
    "again from each repository that is reached; what no repository saw has to be revoked again: holdfast member list",
    "",
    "1. give this machine the addresses that members dial, or recover with --reached-at and --bus; then start, each as a service:",
    `  nats-server -c ${made.natsConfigurationFile}`,
    `  holdfast-controller --config ${made.controllerConfigFile}`,
    "",
    "2. as administrator:",
    `  export HOLDFAST_CONTROLLER=${made.controllers[0] ?? ""}`,
    `  export HOLDFAST_CA_FILE=${made.caFile} HOLDFAST_TOKEN_FILE=${made.adminTokenFile}`,
    "",
    "3. start repositories; one whose server lost its identity folder joins again in the place of the former:",
    ...made.repositories.map(
      ({ repositoryId, name, address }) =>
        `  holdfast repository invite --replaces ${repositoryId} --to-file ${name}.join    (${name}, at ${address})`,
    ),
    "",
    "4. look, then go on:",
    "  holdfast member list; holdfast point list; holdfast doctor",
    ...made.disabledJobs.map((name) => `  holdfast job enable ${name}`),
    "  holdfast recovery-kit renew",
  ].join("\n");

const listed = (names: readonly string[]): string => (names.length === 0 ? "" : `: ${names.join(", ")}`);
