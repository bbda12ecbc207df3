import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describeTables } from "../controller/src/database/describe-tables.ts";
import { disksReasonsDocument } from "./documents/disk-reasons.ts";
import { errorCodesDocument } from "./documents/error-codes.ts";
import { rpcsDocument } from "./documents/rpcs.ts";
import { statesDocument } from "./documents/states.ts";
import { subjectsDocument } from "./documents/subjects.ts";

// Writes the lists of docs/design that follow from code; with --check it only compares, and fails when one is stale.

const documents: Readonly<Record<string, () => string | Promise<string>>> = {
  "disk-reasons.md": disksReasonsDocument,
  "error-codes.md": errorCodesDocument,
  "rpcs.md": rpcsDocument,
  "states.md": statesDocument,
  "subjects.md": subjectsDocument,
  "tables.md": describeTables,
};

const folder = join(import.meta.dirname, "..", "docs", "design");
const isCheck = process.argv.includes("--check");

for (const [name, make] of Object.entries(documents)) {
  const path = join(folder, name);
  const wanted = await make();
  const found = await readFile(path, "utf8").catch(() => "");
  if (found === wanted) continue;
  if (isCheck) {
    process.stderr.write(`docs/design/${name} is stale: run node --conditions=source scripts/generate-docs.ts\n`);
    process.exitCode = 1;
  } else {
    await writeFile(path, wanted);
    process.stdout.write(`wrote docs/design/${name}\n`);
  }
}
