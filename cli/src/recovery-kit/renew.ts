import { RecoveryService } from "@holdfast/proto/holdfast/controller/v1/recovery_pb";
import { makeRecoveryKey } from "@holdfast/shared/recovery/recovery-key";
import { type RecoveryKit, recoveryKitText, toRecoveryKit } from "@holdfast/shared/recovery/recovery-kit";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { quickCallMs, withService } from "../connection.ts";
import { type GlobalOptions, printData } from "../output/output.ts";
import type { CliContext } from "../context.ts";
import { refuseKitFile, writeKitFile } from "./kit-file.ts";

interface RenewOptions extends GlobalOptions {
  readonly toFile?: string;
}

/** `recovery-kit renew`: a new recovery key, whose private half never leaves this program but on paper. */
export const recoveryKitRenew: CommandMaker = (context) =>
  verb("renew", "Make a new recovery kit, which is shown once; later backups of the installation open with it alone", [
    "recovery-kit renew",
    "recovery-kit renew --to-file recovery-kit.txt",
  ])
    .option("--to-file <file>", "write the kit to a file of mode 0600 instead of printing it")
    .action(async (_options, command) => {
      const options = optionsOf<RenewOptions>(command);
      if (options.toFile !== undefined) await refuseKitFile(options.toFile);
      const kit = await renew(context, options);
      if (options.toFile !== undefined) await writeKitFile(options.toFile, kit);
      show(context, options, kit);
    });

const renew = async (context: CliContext, options: GlobalOptions): Promise<RecoveryKit> => {
  const { privateKey, publicKey } = makeRecoveryKey();
  const answer = await withService(context, options, RecoveryService, (client) =>
    client.setRecoveryKey({ publicKey }, { signal: context.signal, timeoutMs: quickCallMs }),
  );
  const { kit, installationId, caFingerprint, madeMs } = answer;
  return toRecoveryKit(privateKey, { kit, installationId, caFingerprint, madeMs: Number(madeMs) });
};

const show = (context: CliContext, { output, toFile }: RenewOptions, kit: RecoveryKit): void => {
  const { recoveryKey: _secret, ...facts } = kit;
  if (output !== "table") printData(context, output, toFile === undefined ? kit : { ...facts, file: toFile });
  else context.print(toFile ?? recoveryKitText(kit));
  context.note("keep earlier kits as long as you may want configurations that were sealed to them");
};
