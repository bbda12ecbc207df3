/** Bundles, by folder below `dist`, and their entries: programs that are started by these names, and threads that they start by theirs. */
export const bundles: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  programs: {
    holdfast: "cli/src/main.ts",
    "holdfast-controller": "controller/src/main.ts",
    "holdfast-agent": "agent/src/main.ts",
    "holdfast-repository": "repository/src/cli.ts",
    "repository-server": "repository/src/main.ts",
    "lane-worker": "agent/src/backup/lane-worker.ts",
    "restore-worker": "agent/src/restore/restore-worker.ts",
    "copy-worker": "agent/src/copy/copy-worker.ts",
    "ingest-worker": "repository/src/ingest/ingest-worker.ts",
    "index-worker": "repository/src/index/index-worker.ts",
  },
  lab: { "holdfast-ovirt-simulator": "e2e/src/simulator/main.ts" },
};

/** Packages that hold machine code: they stay in `node_modules`, where they find it. */
export const nativePackages: readonly string[] = ["better-sqlite3", "lz4-napi"];
