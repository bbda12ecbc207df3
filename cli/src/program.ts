import { errorCodes, traitsOf, isErrorCode } from "@holdfast/shared/errors/codes";
import { productVersion } from "@holdfast/shared/version/product-version";
import { Command } from "commander";
import { agentInvite } from "./agent/invite.ts";
import { agentList } from "./agent/list.ts";
import { agentRevoke } from "./agent/revoke.ts";
import { agentShow } from "./agent/show.ts";
import { type CommandMaker, noun } from "./command.ts";
import { controllerRecover } from "./controller/recover.ts";
import { doctorCommand } from "./doctor/doctor.ts";
import { completionCommand } from "./completion.ts";
import type { CliContext } from "./context.ts";
import { initCommand } from "./init/init.ts";
import { jobCreate } from "./job/create.ts";
import { jobEdit } from "./job/edit.ts";
import { jobList } from "./job/list.ts";
import { jobPlan } from "./job/plan.ts";
import { jobRemove } from "./job/remove.ts";
import { jobRun } from "./job/run.ts";
import { jobDisable, jobEnable } from "./job/set-enabled.ts";
import { jobShow } from "./job/show.ts";
import { managerAdd } from "./manager/add.ts";
import { managerEdit } from "./manager/edit.ts";
import { managerList } from "./manager/list.ts";
import { managerRemove } from "./manager/remove.ts";
import { managerShow } from "./manager/show.ts";
import { managerTest } from "./manager/test.ts";
import { managerTrust } from "./manager/trust.ts";
import { memberList } from "./member/list.ts";
import { outputFormats, parseOutputFormat } from "./output/output.ts";
import { pointExport } from "./point/export.ts";
import { pointList } from "./point/list.ts";
import { pointProtect } from "./point/protect.ts";
import { pointRemove } from "./point/remove.ts";
import { pointVerify } from "./point/verify.ts";
import { pointShow } from "./point/show.ts";
import { recoveryKitRenew } from "./recovery-kit/renew.ts";
import { recoveryKitShow } from "./recovery-kit/show.ts";
import { pointUndelete } from "./point/undelete.ts";
import { pointUnprotect } from "./point/unprotect.ts";
import { repositoryAdd } from "./repository/add.ts";
import { repositoryClock } from "./repository/clock.ts";
import { repositoryCopy } from "./repository/copy.ts";
import { repositoryGc } from "./repository/gc.ts";
import { repositoryHurt } from "./repository/hurt.ts";
import { repositoryInvite } from "./repository/invite.ts";
import { repositoryKey } from "./repository/key.ts";
import { repositoryList } from "./repository/list.ts";
import { repositoryRescan } from "./repository/rescan.ts";
import { repositoryRevoke } from "./repository/revoke.ts";
import { repositoryStats } from "./repository/stats.ts";
import { repositoryVerify } from "./repository/verify.ts";
import { repositoryShow } from "./repository/show.ts";
import { restoreDisk } from "./restore/disk.ts";
import { restorePlan } from "./restore/plan.ts";
import { restoreVm } from "./restore/vm.ts";
import { sessionCancel } from "./session/cancel.ts";
import { sessionList } from "./session/list.ts";
import { sessionShow } from "./session/show.ts";
import { sessionStop } from "./session/stop.ts";
import { sessionWatch } from "./session/watch.ts";
import { standaloneCommand } from "./standalone/standalone.ts";
import { tokenCreate } from "./token/create.ts";
import { tokenList } from "./token/list.ts";
import { tokenRevoke } from "./token/revoke.ts";
import { versionCommand } from "./version.ts";
import { vmEnableTracking } from "./vm/enable-tracking.ts";
import { vmList } from "./vm/list.ts";
import { vmShow } from "./vm/show.ts";
import { workerAdd } from "./worker/add.ts";
import { workerEdit } from "./worker/edit.ts";
import { workerList } from "./worker/list.ts";
import { workerRemove } from "./worker/remove.ts";
import { workerDisable, workerEnable } from "./worker/set-enabled.ts";
import { workerShow } from "./worker/show.ts";
import { workerTest } from "./worker/test-worker.ts";

/** The whole command line: nouns with their verbs, global options, exit codes in the help. */
export const createProgram = (context: CliContext): Command => {
  const program = new Command("holdfast")
    .description("Protects the virtual machines of oVirt")
    .version(productVersion)
    .option("-o, --output <format>", `form of the result: ${outputFormats.join(", ")}`, parseOutputFormat, "table")
    .option("--controller <address>", "host:port or unix:path of the controller (or HOLDFAST_CONTROLLER)")
    .option("--token-file <file>", "file with your token (or HOLDFAST_TOKEN_FILE, HOLDFAST_TOKEN)")
    .option("--ca-file <file>", "certificate of the installation's authority (or HOLDFAST_CA_FILE)")
    .addHelpText("after", `\n${exitCodesText()}`)
    .configureOutput({
      writeOut: (text) => context.print(text.trimEnd()),
      writeErr: (text) => context.note(text.trimEnd()),
    })
    .showHelpAfterError("(--help shows what there is)");
  for (const command of commandsOf(context)) program.addCommand(command);
  return settle(program);
};

const repositoryVerbs: readonly CommandMaker[] = [
  repositoryAdd,
  repositoryList,
  repositoryShow,
  repositoryVerify,
  repositoryCopy,
  repositoryRescan,
  repositoryHurt,
  repositoryGc,
  repositoryStats,
  repositoryKey,
  repositoryInvite,
  repositoryRevoke,
  repositoryClock,
];

const commandsOf = (context: CliContext): readonly Command[] => {
  const all = (...makers: readonly CommandMaker[]): readonly Command[] => makers.map((make) => make(context));
  return [
    noun(
      "manager",
      "oVirt Managers",
      all(managerAdd, managerList, managerShow, managerEdit, managerRemove, managerTest, managerTrust),
    ),
    noun("repository", "Repositories, where restore points live", all(...repositoryVerbs)),
    noun("agent", "Agents, which move the data", all(agentList, agentShow, agentInvite, agentRevoke)),
    noun(
      "worker",
      "Workers: VMs that run an agent, launched for the work and put down after it",
      all(workerAdd, workerList, workerShow, workerEdit, workerTest, workerEnable, workerDisable, workerRemove),
    ),
    noun("member", "Members: agents and repositories that have joined", all(memberList)),
    noun("token", "Users' tokens: who may ask what of the controller", all(tokenCreate, tokenList, tokenRevoke)),
    noun("controller", "The controller itself", all(controllerRecover)),
    noun(
      "recovery-kit",
      "The recovery kit, by which the installation is rebuilt from a repository",
      all(recoveryKitShow, recoveryKitRenew),
    ),
    noun("vm", "Virtual machines of the managers", all(vmList, vmShow, vmEnableTracking)),
    noun(
      "job",
      "Jobs: what, where to, when, how long kept",
      all(jobCreate, jobList, jobShow, jobEdit, jobRun, jobPlan, jobEnable, jobDisable, jobRemove),
    ),
    noun(
      "session",
      "Sessions: runs of jobs, restores, tests of workers, and maintenance of repositories",
      all(sessionList, sessionShow, sessionWatch, sessionStop, sessionCancel),
    ),
    noun(
      "point",
      "Restore points",
      all(pointList, pointShow, pointVerify, pointRemove, pointUndelete, pointProtect, pointUnprotect, pointExport),
    ),
    noun("restore", "Restores", all(restoreVm, restoreDisk, restorePlan)),
    ...all(initCommand, standaloneCommand, doctorCommand, versionCommand, completionCommand),
  ];
};

/** Subcommands inherit how errors and help are written, and throw instead of exiting. */
const settle = (command: Command): Command => {
  command.exitOverride();
  for (const one of command.commands) settle(one.copyInheritedSettings(command));
  return command;
};

/** The table of exit codes, derived from the table of error codes. */
export const exitCodesText = (): string => {
  const byExit = new Map<number, string[]>();
  for (const code of Object.keys(errorCodes)) {
    if (!isErrorCode(code)) continue;
    const exit = traitsOf(code).exit;
    byExit.set(exit, [...(byExit.get(exit) ?? []), code]);
  }
  const rows = [...byExit]
    .sort(([a], [b]) => a - b)
    .map(([exit, codes]) => `  ${String(exit).padStart(3)}  ${wrapped(codes)}`);
  return [
    "Exit codes:",
    "    0  done",
    "    1  the session failed or was cancelled; doctor found an error",
    "    2  the session ended with a warning; doctor found warnings alone",
    ...rows,
  ].join("\n");
};

const wrapped = (codes: readonly string[]): string =>
  codes
    .reduce<string[]>((lines, code) => {
      const last = lines.at(-1);
      if (last !== undefined && last.length + code.length < 90) return [...lines.slice(0, -1), `${last}, ${code}`];
      return [...lines, code];
    }, [])
    .join(",\n       ");
