import type { Certificate } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import {
  type CompareManagerResponse,
  ManagerService,
  TrustManagerResponseSchema,
} from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import type { CliContext } from "../context.ts";
import { emit, factsText } from "../output/output.ts";
import { managerText } from "./manager-text.ts";
import { takePassword } from "./password.ts";

interface TrustOptions {
  readonly yes?: boolean;
  readonly passwordFile?: string;
}

/** `manager trust`: shows who was known and who answers now, asks, and takes the new one over. */
export const managerTrust: CommandMaker = (context) =>
  verb("trust <manager>", "Trust the engine that answers now: after it was replaced, restored, or got another CA", [
    "manager trust prod",
    "manager trust prod --yes",
    "manager trust prod --password-file new-password",
  ])
    .option("--yes", "do not ask")
    .option("--password-file <file>", "file with the new engine's password in its first line, when it is another one")
    .action(async (manager: string, _options, command) => {
      const options = optionsOf<TrustOptions>(command);
      const password =
        options.passwordFile === undefined ? "" : await takePassword(context, options.passwordFile, "the user");
      await withService(context, options, ManagerService, async (client) => {
        const call = { signal: context.signal, timeoutMs: slowCallMs };
        const shown = await client.compareManager({ manager, password }, call);
        const { apiAnchorPem, imageioAnchorPem } = await vouchForAnchors(context, options, shown);
        const found =
          shown.foundInstanceId === "" ? await client.compareManager({ manager, password, apiAnchorPem }, call) : shown;
        await vouchForEngine(context, options, found);
        const instanceId = found.foundInstanceId;
        const answer = await client.trustManager(
          { manager, instanceId, apiAnchorPem, imageioAnchorPem, password },
          call,
        );
        emit(context, options, {
          schema: TrustManagerResponseSchema,
          message: answer,
          table: () => (answer.manager ? managerText(answer.manager) : ""),
        });
      });
    });

/** The anchors are vouched for before a password is sent through them. */
const vouchForAnchors = async (
  context: CliContext,
  options: TrustOptions,
  { knownApi, foundApi, knownImageio, foundImageio }: CompareManagerResponse,
): Promise<{ readonly apiAnchorPem: string; readonly imageioAnchorPem: string }> => {
  context.note(
    [
      changeText("API anchor", knownApi?.sha256Fingerprint, foundApi?.sha256Fingerprint),
      changeText("imageio anchor", knownImageio?.sha256Fingerprint, foundImageio?.sha256Fingerprint),
    ].join("\n"),
  );
  if (isOther(knownApi, foundApi) || isOther(knownImageio, foundImageio)) {
    await agree(context, options, "Trust the new certificates?");
  }
  return { apiAnchorPem: foundApi?.pem ?? "", imageioAnchorPem: foundImageio?.pem ?? "" };
};

const vouchForEngine = async (
  context: CliContext,
  options: TrustOptions,
  { knownInstanceId, foundInstanceId, foundVersion }: CompareManagerResponse,
): Promise<void> => {
  context.note(
    [
      changeText("instance id", knownInstanceId, foundInstanceId),
      factsText([["  version", foundVersion]]),
      "Afterwards the next backup of every VM reads and compares all its disks; those after it are incremental again.",
    ].join("\n"),
  );
  await agree(context, options, "Trust this engine?");
};

const changeText = (what: string, known = "", found = ""): string => {
  if (known === found) return `${what}: as it was\n${factsText([["  known and now", known]])}`;
  return `${what}: CHANGED\n${factsText([
    ["  known", known],
    ["  now", found],
  ])}`;
};

const isOther = (known: Certificate | undefined, found: Certificate | undefined): boolean =>
  known?.sha256Fingerprint !== found?.sha256Fingerprint;

const agree = async (context: CliContext, { yes }: TrustOptions, question: string): Promise<void> => {
  if (yes === true) return;
  if (context.ask === undefined) {
    throw new HoldfastError("INVALID_ARGUMENT", "nobody can be asked here: give --yes to trust what is shown");
  }
  const answer = await context.ask(`${question} [yes/no] `);
  if (answer.trim().toLowerCase() !== "yes") {
    throw new HoldfastError("MANAGER_REPLACED", "it was not trusted: nothing is changed");
  }
};
