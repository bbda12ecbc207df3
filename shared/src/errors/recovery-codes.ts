import type { CodeTraits } from "./code-traits.ts";

/** Codes of the installation's own backup and of its recovery. */
export const recoveryCodes = {
  RECOVERY_KEY_WRONG: {
    meaning: "the recovery key is mistyped, or another than the one that the configuration is sealed to",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 77,
    advice:
      "take the recovery kit whose key id the message names; an older configuration may be sealed to an older kit",
  },
  CONFIGURATION_DAMAGED: {
    meaning: "a configuration of an installation is damaged, or was changed after it was sealed",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 65,
    advice: "take an older one (--number), or the copy of another repository",
  },
  TARGET_NOT_EMPTY: {
    meaning: "the folder that is to be made has something in it already; nothing was changed",
    retryable: false,
    grpc: "ALREADY_EXISTS",
    exit: 73,
    advice: "give a folder that is empty or absent",
  },
} as const satisfies Record<string, CodeTraits>;
