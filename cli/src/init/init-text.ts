import { factsText } from "../output/output.ts";
import { recoveryKitText } from "@holdfast/shared/recovery/recovery-kit";
import type { Initialised } from "./init.ts";

/** What was made, what to start, and how others join. */
export const initText = (made: Initialised): string =>
  [
    `installation ${made.installationId} is made in ${made.identityFolder}`,
    "",
    factsText([
      ["authority", made.caFile],
      ["its SHA-256", made.caFingerprint],
      ["admin token", `${made.adminTokenFile} (keep it to yourself; it may be moved away)`],
      ["joiners dial", made.controllers.join(", ")],
      ["bus", made.busServers.join(", ")],
    ]),
    "",
    recoveryKitText(made.recoveryKit),
    "",
    "start next, each as a service of its own:",
    `  nats-server -c ${made.natsConfigurationFile}`,
    `  holdfast-controller --config ${made.controllerConfigFile}`,
    "",
    "then, as administrator:",
    `  export HOLDFAST_CONTROLLER=${made.controllers[0] ?? ""}`,
    `  export HOLDFAST_CA_FILE=${made.caFile} HOLDFAST_TOKEN_FILE=${made.adminTokenFile}`,
    "  holdfast repository invite --to-file repository.join",
    "  holdfast agent invite --manager NAME --cluster NAME --to-file agent.join",
  ].join("\n");
