import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type OutputChunk, rolldown } from "rolldown";
import { licenceNotices, packageFolderOf } from "./programs/licence-notices.ts";
import { bundles, nativePackages } from "./programs/program-table.ts";

// Makes every program from its sources: one flat folder of ES modules a bundle, an entry for each program and each thread, what
// several need beside them. A process then loads some twenty files in place of a thousand.

const root = resolve(import.meta.dirname, "..");

const bundle = async (folder: string, entries: Readonly<Record<string, string>>): Promise<void> => {
  await using build = await rolldown({
    cwd: root,
    platform: "node",
    input: { ...entries },
    resolve: { conditionNames: ["source", "node", "import", "module", "default"] },
    external: [...nativePackages],
    // A name that nothing answers to would be found missing only when it is called for.
    onLog: (level, log) => {
      if (level === "warn") throw new Error(log.message);
    },
  });
  const dir = join(root, "dist", folder);
  const { output } = await build.write({
    dir,
    cleanDir: true,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "part-[hash].js",
    keepNames: true,
    sourcemap: true,
    sourcemapExcludeSources: true,
  });
  const modules = output
    .filter((file): file is OutputChunk => file.type === "chunk")
    .flatMap((chunk) => chunk.moduleIds);
  await mkdir(dir, { recursive: true });
  await writeFile(
    join(dir, "LICENSES.txt"),
    await licenceNotices(new Set(modules.flatMap((id) => packageFolderOf(id)))),
  );
};

for (const [folder, entries] of Object.entries(bundles)) await bundle(folder, entries);
