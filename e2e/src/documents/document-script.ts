import type { FencedBlock } from "./fenced-blocks.ts";

/** One bash script of all blocks, in one shell as a reader would type them: it stops at the first failure and ends what it started. */
export const documentScript = (blocks: readonly FencedBlock[]): string =>
  [
    "set -euo pipefail",
    "end() {",
    "  local code=$? pids",
    "  trap - EXIT",
    "  pids=$(jobs -p)",
    '  if [ -n "$pids" ]; then kill $pids 2>/dev/null || true; wait $pids || true; fi',
    '  exit "$code"',
    "}",
    "trap end EXIT",
    "trap 'exit 143' TERM",
    ...blocks.flatMap((block) => [`echo '${blockMark} at line ${block.line}'`, block.text]),
    `echo '${blockMark}s are done'`,
    "",
  ].join("\n");

/** Stands before each block's own output. */
const blockMark = "== block";
