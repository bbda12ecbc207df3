import { toIso } from "../clock/clock.ts";
import { toHex } from "../format/content-id.ts";
import { publicHalfOf, recoveryKeyId, writeRecoveryKey } from "./recovery-key.ts";

/** What is given to the operator once, to be kept where no computer of the installation is. */
export interface RecoveryKit {
  readonly installationId: string;
  /** Counts from 1; a later kit takes the place of this one. */
  readonly kit: number;
  readonly madeMs: number;
  /** SHA-256 of the authority's certificate. */
  readonly caFingerprint: string;
  /** Which key it is, hexadecimal; no secret. */
  readonly keyId: string;
  /** The private half in text: a secret that stands here alone (R12). */
  readonly recoveryKey: string;
}

/** A kit from the private half and what is known of the installation. */
export const toRecoveryKit = (
  privateKey: Uint8Array,
  facts: Omit<RecoveryKit, "keyId" | "recoveryKey">,
): RecoveryKit => ({
  ...facts,
  keyId: toHex(recoveryKeyId(publicHalfOf(privateKey))),
  recoveryKey: writeRecoveryKey(privateKey),
});

/** The kit as it is printed, and as `--recovery-key-file` takes it. */
export const recoveryKitText = (kit: RecoveryKit): string =>
  [
    `HOLDFAST RECOVERY KIT ${kit.kit}`,
    "",
    `  installation  ${kit.installationId}`,
    `  made          ${toIso(kit.madeMs)}`,
    `  authority     SHA-256 ${kit.caFingerprint}`,
    `  key id        ${kit.keyId}`,
    "",
    "  recovery key:",
    `  ${kit.recoveryKey}`,
    "",
    "Keep it on paper or where no machine of the installation is, and keep it secret: with it, whoever can read a repository",
    "is the installation. It is shown this once; a new one is made by: holdfast recovery-kit renew",
    "",
    "To rebuild a lost controller from a repository, on a machine that has Holdfast and the repository's folder:",
    "  holdfast controller recover --from /srv/holdfast --recovery-key-file THIS-FILE --to /var/lib/holdfast/controller",
    "Restore points need no key and no controller: holdfast-repository list, holdfast-repository export.",
  ].join("\n");
