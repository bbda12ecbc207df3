import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Clock } from "@holdfast/shared/clock/clock";
import { type RandomBytes, derivedName } from "@holdfast/shared/ids/ids";
import type { Logger } from "@holdfast/shared/logging/logger";

import { type Addresses, addressesOf, openPorts } from "./addresses.ts";
import type { SimulatorConfig } from "./config/schema.ts";
import { openControlServer } from "./control/control-server.ts";
import { openServedBytes } from "./control/served-bytes.ts";
import { openBackground } from "./engine/background.ts";
import type { Engine } from "./engine/engine.ts";
import { Jobs } from "./engine/jobs.ts";
import { recover } from "./engine/recover.ts";
import { VmTurns } from "./engine/vm-turns.ts";
import { blockFaultsOf } from "./faults/block-faults.ts";
import { openCallFaults } from "./faults/call-faults.ts";
import { RuleTable } from "./faults/rule-table.ts";
import { noHooks } from "./faults/engine-hooks.ts";
import { GuestPrograms } from "./guest/guest-programs.ts";
import { openGuestWriters } from "./guest/guest-writers.ts";
import { openCallCounters } from "./http/counters.ts";
import { openEngineServer } from "./http/engine-server.ts";
import { openImageio } from "./imageio-daemons.ts";
import { hostIdOf } from "./seed/seed-inventory.ts";
import { type World, emptyWorld } from "./model/world.ts";
import { loadWorld, saveWorld } from "./model/world-file.ts";
import { guardRoutes } from "./permits/guard-routes.ts";
import { openPki } from "./pki/pki.ts";
import { apiRoutes } from "./routes/api-routes.ts";
import { seedAccess } from "./seed/seed-access.ts";
import { isSeeded, seed, wipe } from "./seed/seed.ts";
import { openTokens } from "./sso/tokens.ts";
import { openBlockLayer } from "./storage/qemu-block-layer.ts";
import { Transfers } from "./transfers/transfers.ts";

/** What a simulator needs from outside. */
export interface SimulatorDeps {
  readonly config: SimulatorConfig;
  /** Keeps everything from one run to the next. */
  readonly stateDir: string;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Logger;
}

/** A running simulator: one engine with its hosts and storage. Disposing it stops everything it started. */
export interface Simulator extends AsyncDisposable {
  readonly addresses: Addresses;
}

/** Folder for sockets: their paths end at 107 bytes, so a long state directory gets one elsewhere. */
const openRunDir = async (stateDir: string, stack: AsyncDisposableStack): Promise<string> => {
  const inside = join(stateDir, "run");
  const runDir = inside.length <= 40 ? inside : join(tmpdir(), `ovirt-${derivedName(10, "run", stateDir)}`);
  await mkdir(runDir, { recursive: true });
  stack.defer(() => rm(runDir, { recursive: true, force: true }));
  return runDir;
};

const isReachable = (world: World, hostId: string): boolean =>
  !["non_responsive", "down"].includes(world.hosts.get(hostId)?.status ?? "up");

const openGuestPrograms = ({ config, clock, log }: SimulatorDeps, world: World): GuestPrograms =>
  new GuestPrograms({
    clock,
    log,
    restartMs: config.guest.restartMs,
    onLost: (vmId) => {
      delete world.vms.get(vmId)?.addresses;
    },
  });

const openEngine = async (deps: SimulatorDeps, rules: RuleTable, stack: AsyncDisposableStack): Promise<Engine> => {
  const { config, stateDir, clock, random, log } = deps;
  const worldFile = join(stateDir, "world.json");
  const world = loadWorld(worldFile) ?? emptyWorld();
  const hooks = noHooks();
  const runDir = await openRunDir(stateDir, stack);
  const storage = stack.use(await openBlockLayer({ stateDir, runDir, clock, faults: blockFaultsOf(world, hooks) }));
  const pki = await openPki(join(stateDir, "pki"), config);
  const ports = await openPorts(join(stateDir, "ports.json"), config);
  const ledger: Engine["ledger"] = new Map();
  const imageio = stack.use(
    await openImageio({
      config,
      clock,
      pki,
      ports,
      stateDir,
      rules,
      idOf: (name) => hostIdOf(config, name),
      isReachable: (name) => isReachable(world, hostIdOf(config, name)),
      diskOf: (ticketId) => ledger.get(ticketId)?.diskId,
    }),
  );
  const guestPrograms = openGuestPrograms(deps, world);
  stack.use(guestPrograms);
  const jobs = new Jobs(world, clock, random);
  const background = stack.use(openBackground(log, jobs));
  const save = (): void => {
    saveWorld(worldFile, world);
  };
  return {
    config,
    stateDir,
    world,
    clock,
    random,
    log,
    storage,
    imageio: imageio.daemons,
    background,
    jobs,
    turns: new VmTurns(background),
    guestPrograms,
    hooks,
    ledger,
    save,
  };
};

/**
 * Starts a simulator on a state directory: made by the configuration at the first start, found as it was left at later
 * ones, with the same certificates and ports.
 */
export const openSimulator = async (deps: SimulatorDeps): Promise<Simulator> => {
  const { config, stateDir, log } = deps;
  await using stack = new AsyncDisposableStack();
  if (!isSeeded(stateDir)) await wipe(stateDir);
  const rules = new RuleTable();
  const engine = await openEngine(deps, rules, stack);
  const transfers = new Transfers(engine);
  const [tokens, counters, faults] = [
    openTokens(deps.clock, deps.random, config.tokenIdleMs),
    openCallCounters(),
    openCallFaults(),
  ];
  if (isSeeded(stateDir)) await recover(engine, transfers);
  else await seed(engine, stateDir);
  seedAccess(engine.world, config);
  engine.save();
  const pki = await openPki(join(stateDir, "pki"), config);
  const ports = await openPorts(join(stateDir, "ports.json"), config);
  const guests = stack.use(openGuestWriters(engine));
  const routes = guardRoutes(engine, apiRoutes(engine, transfers));
  const api = stack.use(await openEngineServer({ engine, pki, tokens, counters, faults, rules, routes }, ports.api));
  const served = openServedBytes(engine);
  const control = stack.use(
    await openControlServer(
      { engine, tokens, counters, faults, rules, guests, transfers, served, directory: stateDir },
      ports.control,
    ),
  );
  const addresses = addressesOf({ engine, pki, stateDir, apiPort: api.port, controlPort: control.port });
  await ports.keep(addresses);
  log.info("simulator ready", { api: addresses.api, control: addresses.control });
  const opened = stack.move();
  return { addresses, [Symbol.asyncDispose]: () => opened.disposeAsync() };
};
