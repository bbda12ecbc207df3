import { formatRecoveryKey } from "@holdfast/shared/keys/recovery-key";
import { type Terminal, writeLine } from "./output.ts";

/** Shows a recovery key, the only time that anybody can. */
export const tellRecoveryKey = async ({ stdout }: Terminal, recoveryKey: Uint8Array): Promise<void> => {
  await writeLine(stdout, `recovery key: ${formatRecoveryKey(recoveryKey)}`);
  const advice = "it opens the repository without the password, and is not shown again";
  await writeLine(stdout, `Write it down and keep it elsewhere: ${advice}.`);
};
