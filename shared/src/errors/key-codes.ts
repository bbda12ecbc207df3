import type { CodeTraits } from "./code-traits.ts";

/** Codes about keys of encrypted repositories. */
export const keyCodes = {
  KEY_MISSING: {
    meaning: "the repository is encrypted and its key is not at hand",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 77,
    advice: "holdfast repository key unlock NAME, or give holdfast-repository --password-file or --recovery-key-file",
  },
  KEY_WRONG: {
    meaning: "the password or recovery key is not that of this repository",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 77,
    advice: "give the right password, or the recovery key that was printed when the repository was made",
  },
} as const satisfies Record<string, CodeTraits>;
