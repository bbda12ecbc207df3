import { spawn } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A copy of the tree outside of it, in which patches are applied; gone when disposed of. */
export class TreeCopy implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async of(root: string): Promise<TreeCopy> {
    const path = await mkdtemp(join(tmpdir(), "hf-mutants-"));
    const files = await run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], root);
    for (const file of files.output.split("\0").filter((name) => name !== "")) {
      await cp(join(root, file), join(path, file), { recursive: true });
    }
    await cp(join(root, "proto", "src"), join(path, "proto", "src"), { recursive: true });
    // Links of the workspaces point into the copy; the packages themselves are shared.
    const linked = await run(["cp", "-al", join(root, "node_modules"), join(path, "node_modules")], root);
    if (linked.code !== 0) await run(["cp", "-a", join(root, "node_modules"), join(path, "node_modules")], root);
    return new TreeCopy(path);
  }

  /** Applies a patch, or takes it back; throws when it does not fit. */
  async apply(patch: string, { reverse }: { readonly reverse: boolean }): Promise<void> {
    const { code, output } = await run(["git", "apply", ...(reverse ? ["-R"] : []), patch], this.path);
    if (code !== 0) throw new Error(`${patch} does not apply:\n${output}`);
  }

  /** Runs one test file. */
  async test(file: string): Promise<TestRun> {
    const vitest = join(this.path, "node_modules", ".bin", "vitest");
    const { code, output } = await run([vitest, "run", "--project", "unit", "--bail", "1", file], this.path);
    // oxlint-disable-next-line no-control-regex -- colours of the reporter
    const plain = output.replaceAll(/\u001B\[[0-9;]*m/g, "");
    const failed = /^\d+ passed, (\d+) failed/m.exec(plain)?.[1];
    return { isGreen: code === 0, failed: Number(failed ?? 0), firstFailure: firstFailureOf(plain), output: plain };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}

/** What a run of one test file said. */
export interface TestRun {
  readonly isGreen: boolean;
  readonly failed: number;
  /** The name of the first test that failed. */
  readonly firstFailure: string | undefined;
  readonly output: string;
}

const firstFailureOf = (output: string): string | undefined =>
  /FAIL\s+(?:\|?unit\|?\s+)?\S+ > (.+)$/m.exec(output)?.[1];

interface Finished {
  readonly code: number | null;
  readonly output: string;
}

/** A mutant that hangs is noticed like one that fails: by this, at the latest. */
const longestRunMs = 180_000;

const run = async ([command = "", ...args]: readonly string[], cwd: string): Promise<Finished> =>
  await new Promise((resolve, reject) => {
    const env = { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir(), NO_COLOR: "1" };
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], timeout: longestRunMs });
    const parts: Buffer[] = [];
    child.stdout.on("data", (part: Buffer) => parts.push(part));
    child.stderr.on("data", (part: Buffer) => parts.push(part));
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, output: Buffer.concat(parts).toString("utf8") });
    });
  });
