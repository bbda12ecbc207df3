import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findViolations } from "./check-arrows.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "hf-"));
  for (const name of ["proto", "shared", "controller", "agent", "repository", "cli", "e2e"]) {
    await mkdir(join(root, name, "src"), { recursive: true });
  }
});
afterEach(() => rm(root, { recursive: true }));

const write = async (files: Readonly<Record<string, string>>): Promise<void> => {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
};

const found = (): readonly string[] =>
  findViolations(root).map(({ file, line, message }) => `${file}:${line}: ${message}`);

describe("findViolations", () => {
  it("is content with arrows that point the right way", async () => {
    await write({
      "agent/src/main.ts": 'import { a } from "@holdfast/shared/rpc/server";\nimport "./b.ts";\n',
      "shared/src/rpc/a.ts": 'import { Server } from "@grpc/grpc-js";\nimport { x } from "@holdfast/proto/x";\n',
      "shared/src/bus/a.ts": 'import { connect } from "nats";\n',
      "agent/src/imageio/a.ts": 'import { Pool } from "undici";\n',
      "controller/src/engine/a.ts": 'import { Pool } from "undici";\n// import { x } from "@holdfast/agent/x"\n',
      "e2e/src/lab.ts": 'import type { A } from "@holdfast/shared/x";\n',
    });

    expect(found()).toEqual([]);
  });

  it("names every import of a program, in whatever form, with its place", async () => {
    await write({
      "cli/src/a.ts": '\nimport {\n  x,\n} from "@holdfast/controller/x";\n',
      "e2e/src/b.ts": 'const x = await import("@holdfast/agent/x");\nexport { y } from "../../repository/src/y.ts";\n',
      "shared/src/c.ts": 'import type { X } from "@holdfast/agent/x";\nimport "@holdfast/cli/x";\n',
      "proto/src/d.ts": 'import "@holdfast/shared/x";\n',
    });

    expect(found()).toEqual([
      "cli/src/a.ts:4: cli may not import controller (@holdfast/controller/x)",
      "e2e/src/b.ts:1: e2e may not import agent (@holdfast/agent/x)",
      "e2e/src/b.ts:2: e2e may not import repository (../../repository/src/y.ts)",
      "proto/src/d.ts:1: proto may not import shared (@holdfast/shared/x)",
      "shared/src/c.ts:1: shared may not import agent (@holdfast/agent/x)",
      "shared/src/c.ts:2: shared may not import cli (@holdfast/cli/x)",
    ]);
  });

  it("keeps nats, grpc-js and undici in their folders", async () => {
    await write({
      "agent/src/a.ts": 'import { connect } from "nats";\n',
      "shared/src/lifecycle/a.ts": 'import type { Server } from "@grpc/grpc-js";\n',
      "agent/src/imageio/a.ts": 'import { Pool } from "undici";\n',
      "agent/src/imageio/deep/a.ts": 'import { Pool } from "undici";\n',
      "agent/src/tasks/a.ts": 'import { Pool } from "undici";\n',
    });

    expect(found()).toEqual([
      "agent/src/a.ts:1: only shared/src/bus imports nats",
      "agent/src/tasks/a.ts:1: one folder of agent imports undici, not several: agent/src/imageio, agent/src/tasks",
      "shared/src/lifecycle/a.ts:1: only shared/src/rpc imports @grpc/grpc-js",
    ]);
  });
});
