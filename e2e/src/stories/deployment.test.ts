import { access, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { identityFolderOf, installationFiles } from "@holdfast/shared/installation/installation-files";
import { startProcess } from "@holdfast/shared/process/child-process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { containerSources, entryPointOf, imagesBuiltFrom } from "../harness/container-files.ts";
import { type InstalledTree, openInstalledTree, services } from "../harness/installed-tree.ts";
import { natsComplaint } from "../harness/nats-configuration.ts";
import { root } from "../harness/programs.ts";
import { runProgram, runWell, type Said } from "../harness/run-program.ts";
import { openTestRun, type TestRun } from "../harness/test-run.ts";
import { unitCommandOf } from "../harness/unit-command.ts";
import { startUnitServices } from "../harness/unit-services.ts";

// What an operator unpacks and installs, without a machine to install it on.

/** systemd's own score of what a unit leaves open, times ten: 0 is nothing, 100 everything; ours stood at 14. */
const exposureLimit = 20;

/** What an ordinary user's shell finds, and Debian's nats-server. */
const bareDebian = ["/usr/local/bin", "/usr/bin", "/bin", join(root, ".cache", "tools")].join(":");

let run: TestRun;
let tree: InstalledTree;
beforeAll(async () => {
  run = await openTestRun();
  tree = await openInstalledTree(run, AbortSignal.timeout(60_000));
});
afterAll(() => run[Symbol.asyncDispose]());

const tool = (command: string, args: readonly string[], signal: AbortSignal): Promise<Said> =>
  runProgram({ name: command, command, args, env: { ...run.env, SYSTEMD_COLORS: "0" } }, signal);

describe("an unpacked tarball", () => {
  it("answers from where it lies, in an empty environment", async ({ signal }) => {
    const check = join(root, "scripts", "check-dist");
    await runWell({ name: "check-dist", command: check, args: [tree.prefix], env: run.env }, signal);
  });

  it("serves a whole installation from there, with nothing of this tree", async ({ signal }) => {
    const args = ["standalone", "--agent-manager", "lab", "--agent-cluster", "east"];
    const env = { ...run.env, HOLDFAST_DATA_DIR: join(run.dir, "hf"), PATH: bareDebian };
    const holdfast = join(tree.prefix, "bin", "holdfast");
    await using child = await startProcess({ name: "standalone", command: holdfast, args, env, graceMs: 30_000 });

    expect(await child.ready(60_000, signal)).toMatchObject({ ready: true });
    const version = JSON.parse(
      await runWell({ name: "version", command: holdfast, args: ["version", "-o", "json"], env }, signal),
    ) as unknown;
    expect(version).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
    expect(await child.stop()).toEqual({ code: 0, signal: null });
  });

  it("holds no tests and no lab", async () => {
    const names = await readdir(tree.prefix, { recursive: true });
    const ours = names.filter((name) => !name.startsWith("node_modules/"));

    expect(ours).toContain("dist/programs/holdfast-agent.js");
    expect(ours.filter((name) => /\.test\.|\/testing\/|simulator|\.ts$/.test(name))).toEqual([]);
    await expect(access(join(tree.prefix, "node_modules", "vitest"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("units", () => {
  const units = services.map((service) => `holdfast-${service}.service`);

  it("are accepted by systemd where the tarball is unpacked", async ({ signal }) => {
    const said = await tool("systemd-analyze", ["verify", "--man=no", "--root", tree.root, ...units], signal);

    expect(said).toMatchObject({ code: 0, stderr: "" });
  });

  it("are refused when a program is missing", async ({ signal }) => {
    const unit = await readFile(join(tree.root, "etc/systemd/system/holdfast-agent.service"), "utf8");
    const broken = join(tree.root, "etc/systemd/system/holdfast-broken.service");
    await writeFile(broken, unit.replaceAll("bin/holdfast-agent", "bin/holdfast-nothing"));

    const said = await tool(
      "systemd-analyze",
      ["verify", "--man=no", "--root", tree.root, "holdfast-broken.service"],
      signal,
    );

    expect(said.code).not.toBe(0);
    expect(said.stderr).toContain("holdfast-nothing is not executable");
  });

  it("leave little open", async ({ signal }) => {
    for (const unit of units) {
      const args = ["security", "--offline=true", "--root", tree.root, `--threshold=${exposureLimit}`, unit];
      const said = await tool("systemd-analyze", args, signal);
      expect(said.code, said.stdout).toBe(0);
    }
  });

  it("run as a user of their own that may write nothing but its state, and never dump a core", async () => {
    for (const unit of units) {
      const lines = (await readFile(join(tree.root, "etc/systemd/system", unit), "utf8")).split("\n");
      expect(lines).toEqual(
        expect.arrayContaining([
          "User=holdfast",
          "ProtectSystem=strict",
          "LimitCORE=0",
          "UMask=0077",
          "NoNewPrivileges=yes",
        ]),
      );
    }
  });
});

describe("services of the units", () => {
  it("find nothing wrong with the examples of their configurations", async ({ signal }) => {
    for (const service of services.filter((one) => one !== "nats")) {
      const { command, args } = await unitCommandOf(tree, service);
      const check = { name: service, command, args: [...args, "--check-config"], env: run.env };
      expect(await runProgram(check, signal), service).toMatchObject({ code: 0, stderr: "" });
    }
  });

  it("make a whole installation of what init makes, by the commands that systemd would run", async ({ signal }) => {
    await using installation = await startUnitServices(run, tree, signal);

    expect(await natsComplaint(installation.natsConfiguration, run.env, signal)).toBe("");
    await installation.untilAgentIs("unplaced");
    const address = installation.repositoryAddress;
    expect(await installation.holdfast("repository", "add", "main", "--address", address)).toMatchObject({
      repository: { name: "main", state: "reachable" },
    });
  });
});

describe("configurations of nats-server that init makes", () => {
  it("are accepted by it, wherever init is told that the bus listens", async ({ signal }) => {
    const holdfast = join(tree.prefix, "bin", "holdfast");
    const everywhere = [
      "--bus-listen",
      "0.0.0.0:4222",
      "--bus",
      "tls://backup.example:4222",
      "--host-name",
      "backup.example",
    ];
    for (const [name, options] of Object.entries({ here: [], everywhere })) {
      const data = join(run.dir, name);
      await runWell(
        { name: "init", command: holdfast, args: ["init", "--data", data, ...options], env: run.env },
        signal,
      );
      const { configuration } = installationFiles(identityFolderOf(data)).nats;
      expect(await natsComplaint(configuration, run.env, signal)).toBe("");
    }
  });

  it("are refused with its words when it does not know a setting", async ({ signal }) => {
    const file = join(run.dir, "broken.conf");
    await writeFile(file, "no_such_setting: 1\n");

    expect(await natsComplaint(file, run.env, signal)).toContain("no_such_setting");
  });
});

describe("container files", () => {
  const folder = join(root, "deploy", "containers");

  it("copy only what is there, run as nobody's root, and start a program of the tarball", async () => {
    const files = (await readdir(folder)).filter((name) => name.startsWith("Containerfile"));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const text = await readFile(join(folder, file), "utf8");
      for (const source of containerSources(text)) await access(join(tree.prefix, source));
      expect(text).toMatch(/^USER \d+:\d+$/m);
      expect(imagesBuiltFrom(text).join(" ")).toMatch(/^[\w./-]+:[\w.-]+$/);
      const programs = entryPointOf(text).filter((word) => word.startsWith("/opt/holdfast/"));
      expect(programs).toHaveLength(2);
      for (const program of programs) await access(join(tree.prefix, program.slice("/opt/holdfast".length)));
    }
  });

  it("compose.yaml names services, files and programs that exist", async () => {
    const compose = composeSchema.parse(parse(await readFile(join(folder, "compose.yaml"), "utf8"), { merge: true }));

    expect(Object.keys(compose.services).sort()).toEqual(["agent", "bus", "controller", "repository"]);
    for (const service of Object.values(compose.services)) {
      expect(service.read_only).toBe(true);
      expect(service.cap_drop).toEqual(["ALL"]);
      if (service.build !== undefined) await access(join(folder, service.build.context, service.build.dockerfile));
      for (const needed of Object.keys(service.depends_on ?? {})) expect(compose.services).toHaveProperty(needed);
    }
  });

  it("compose.yaml gives the bus what init made for it, where the configuration says that it is, and no more", async () => {
    const compose = composeSchema.parse(parse(await readFile(join(folder, "compose.yaml"), "utf8"), { merge: true }));
    const { configuration } = installationFiles(identityFolderOf(dataDir)).nats;
    const { bus, controller } = compose.services;

    expect(bus?.command).toEqual(["--config", configuration]);
    expect(controller?.volumes).toContain(`./controller:${dataDir}`);
    expect(bus?.volumes).toEqual([`./controller/identity/nats:${dirname(configuration)}`]);
  });
});

/** Where the controller's configuration says that it keeps everything. */
const dataDir = "/var/lib/holdfast/controller";

const composeSchema = z.looseObject({
  services: z.record(
    z.string(),
    z.looseObject({
      build: z.looseObject({ context: z.string(), dockerfile: z.string() }).optional(),
      read_only: z.boolean(),
      cap_drop: z.array(z.string()),
      command: z.array(z.string()).optional(),
      volumes: z.array(z.string()).optional(),
      depends_on: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
});
