/** `filesystem-consistent`, or that the VM was down, when there is nothing to be consistent about. */
export const consistencyText = (level: string): string =>
  level === "offline" ? "the VM was down" : `${level}-consistent`;
