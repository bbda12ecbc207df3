import { withNewKey, withPassword, withRecoveryKey } from "@holdfast/shared/keys/master-key";
import { formatRecoveryKey } from "@holdfast/shared/keys/recovery-key";
import { Command } from "commander";
import { changeKeys } from "../../store/change-keys.ts";
import type { CommandContext } from "../context.ts";
import { type KeyOptions, requireProof, takeNewPassword } from "../key-proof.ts";
import { type Format, tellJson, tellResult } from "../output.ts";
import { tellRecoveryKey } from "../tell-recovery-key.ts";
import { addKeyOptions, formatOption, locationHelp } from "./options.ts";

type OutputOptions = KeyOptions & { readonly output: Format };

/** `key …`: keys of an encrypted repository. A running server is not disturbed. */
export const keyCommand = (context: CommandContext): Command => {
  const command = new Command("key").description("keys of an encrypted repository; its server may run");
  for (const verb of [changePassword, addRecovery, rotate]) command.addCommand(verb(context));
  return command;
};

const changePassword = (context: CommandContext): Command =>
  addKeyOptions(new Command("change-password"))
    .description("protect the master key by another password; recovery keys stay good")
    .argument("<location>", locationHelp)
    .option("--new-password-file <file>", "file with the new password in its first line; asked unless given")
    .addOption(formatOption())
    .action(async (location: string, options: OutputOptions & { readonly newPasswordFile?: string }) => {
      const { clock, random, terminal } = context;
      const proof = await requireProof(context, options);
      const password = await takeNewPassword(context, options.newPasswordFile, { usesVariable: false });
      const { number } = await changeKeys(location, { proof, clock }, (what, list) =>
        withPassword(what, list, { password, random }),
      );
      const text = `the password was changed: key list ${number}`;
      await tellResult(terminal, options.output, { json: { keyListNumber: number }, text });
    });

const addRecovery = (context: CommandContext): Command =>
  addKeyOptions(new Command("add-recovery"))
    .description("make one more recovery key, shown once")
    .argument("<location>", locationHelp)
    .addOption(formatOption())
    .action(async (location: string, options: OutputOptions) => {
      const { clock, random, terminal } = context;
      let recoveryKey: Uint8Array | undefined;
      const proof = await requireProof(context, options);
      const { number } = await changeKeys(location, { proof, clock }, (what, list) => {
        const added = withRecoveryKey(what, list, random);
        recoveryKey = added.recoveryKey;
        return added.keyList;
      });
      if (recoveryKey === undefined) return;
      if (options.output === "table") await tellRecoveryKey(terminal, recoveryKey);
      else await tellJson(terminal, { keyListNumber: number, recoveryKey: formatRecoveryKey(recoveryKey) });
    });

const rotate = (context: CommandContext): Command =>
  addKeyOptions(new Command("rotate"))
    .description("seal what comes under a new key; former ones open what was sealed before")
    .argument("<location>", locationHelp)
    .addOption(formatOption())
    .action(async (location: string, options: OutputOptions) => {
      const { clock, random, terminal } = context;
      const proof = await requireProof(context, options);
      const { number, activeKeyId } = await changeKeys(location, { proof, clock }, (what, list) =>
        withNewKey(what, list, random),
      );
      const text = `the active key is ${activeKeyId}`;
      await tellResult(terminal, options.output, { json: { keyListNumber: number, activeKeyId }, text });
    });
