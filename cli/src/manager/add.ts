import { AddManagerResponseSchema, ManagerService } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { type CommandMaker, listOption, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import { emit } from "../output/output.ts";
import { type AnchorOptions, trustAnchors } from "./anchors.ts";
import { managerText } from "./manager-text.ts";
import { takePassword } from "./password.ts";

interface AddOptions extends AnchorOptions {
  readonly url: string;
  readonly user: string;
  readonly passwordFile?: string;
}

/** `manager add`: shows both certificates, asks, logs in once. */
export const managerAdd: CommandMaker = (context) =>
  verb("add <name>", "Connect an oVirt Manager", [
    "manager add prod --url https://engine.example.com --user backup@internal",
    "manager add lab --url https://engine.lab --user admin@internal --password-file pw --api-ca api.pem --imageio-ca ca.pem",
  ])
    .requiredOption("--url <url>", "https://host[:port] of the Manager")
    .requiredOption("--user <user@profile>", "who to log in as")
    .option("--password-file <file>", "file with the password in its first line (or HOLDFAST_PASSWORD, or asked)")
    .option("--api-ca <file>", "PEM of the CA that signs the API's certificate")
    .option("--imageio-ca <file>", "PEM of the engine's internal CA, which signs hosts and the imageio proxy")
    .addOption(
      listOption("--fingerprint <sha256>", "trust the probed certificate with this SHA-256 fingerprint (repeatable)"),
    )
    .action(async (name: string, _options, command) => {
      const options = optionsOf<AddOptions>(command);
      await withService(context, options, ManagerService, async (client) => {
        const call = { signal: context.signal, timeoutMs: slowCallMs };
        const anchors = await trustAnchors(context, options, async () => {
          const probed = await client.probeManager({ url: options.url }, call);
          return { api: probed.api, imageio: probed.imageio };
        });
        const password = await takePassword(context, options.passwordFile, options.user);
        const answer = await client.addManager(
          { name, url: options.url, username: options.user, password, ...anchors },
          call,
        );
        emit(context, options, {
          schema: AddManagerResponseSchema,
          message: answer,
          table: () => (answer.manager ? managerText(answer.manager) : ""),
        });
      });
    });
