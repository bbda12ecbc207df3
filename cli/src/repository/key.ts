import {
  ChangePasswordResponseSchema,
  GetKeyStatusResponseSchema,
  type KeyStatus,
  RepositoryRegistryService,
  RotateKeyResponseSchema,
  UnlockRepositoryResponseSchema,
} from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { type CommandMaker, noun, optionsOf, verb } from "../command.ts";
import { slowCallMs } from "../connection.ts";
import { factsText } from "../output/output.ts";
import { showAnswer } from "../show-answer.ts";
import { addProofOptions, type ProofOptions, requireProof, takeNewPassword } from "./take-proof.ts";

/** `repository key …`: keys of encrypted repositories. */
export const repositoryKey: CommandMaker = (context) =>
  noun("key", "Keys of an encrypted repository", [
    keyStatus(context),
    keyUnlock(context),
    keyChangePassword(context),
    keyRotate(context),
  ]);

const asked = { service: RepositoryRegistryService, timeoutMs: slowCallMs } as const;

const statusText = ({ status }: { readonly status?: KeyStatus | undefined }): string =>
  status === undefined
    ? ""
    : factsText([
        ["repository", status.name],
        ["encryption", statesInWords[status.state] ?? status.state],
        ["active key", status.activeKeyId],
        ["keys", String(status.keyIds.length)],
        ["opened by", status.wraps.join(", ")],
      ]);

const statesInWords: Readonly<Record<string, string>> = {
  none: "not encrypted",
  locked: "locked: the controller has no key",
  open: "open",
};

const keyStatus: CommandMaker = (context) =>
  verb("status <repository>", "Tell whether the key is at hand, and which keys there are", [
    "repository key status safe",
  ]).action(async (repository: string, _options, command) => {
    await showAnswer(context, optionsOf(command), {
      ...asked,
      answer: GetKeyStatusResponseSchema,
      ask: (client, call) => client.getKeyStatus({ repository }, call),
      text: statusText,
    });
  });

const keyUnlock: CommandMaker = (context) =>
  addProofOptions(
    verb("unlock <repository>", "Give the controller the key again, by the password or a recovery key", [
      "repository key unlock safe --password-file repository-password",
    ]),
  ).action(async (repository: string, _options, command) => {
    const options = optionsOf<ProofOptions>(command);
    const given = await requireProof(context, options);
    await showAnswer(context, options, {
      ...asked,
      answer: UnlockRepositoryResponseSchema,
      ask: (client, call) => client.unlockRepository({ repository, ...given }, call),
      text: statusText,
    });
  });

const keyChangePassword: CommandMaker = (context) =>
  verb("change-password <repository>", "Protect the key by another password; recovery keys stay good", [
    "repository key change-password safe --new-password-file next-password",
  ])
    .option("--new-password-file <file>", "file with the new password in its first line; asked unless given")
    .action(async (repository: string, _options, command) => {
      const options = optionsOf<{ newPasswordFile?: string }>(command);
      const newPassword = await takeNewPassword(context, options.newPasswordFile);
      await showAnswer(context, options, {
        ...asked,
        answer: ChangePasswordResponseSchema,
        ask: (client, call) => client.changePassword({ repository, newPassword }, call),
        text: statusText,
      });
    });

const keyRotate: CommandMaker = (context) =>
  verb("rotate <repository>", "Seal what comes under a new key", ["repository key rotate safe"]).action(
    async (repository: string, _options, command) => {
      await showAnswer(context, optionsOf(command), {
        ...asked,
        answer: RotateKeyResponseSchema,
        ask: (client, call) => client.rotateKey({ repository }, call),
        text: statusText,
      });
    },
  );
