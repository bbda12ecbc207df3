import type { Clock } from "@holdfast/shared/clock/clock";
import type { Logger } from "@holdfast/shared/logging/logger";

import type { BuildOperations } from "../hypervisor/builds.ts";
import type { CaptureOperations } from "../hypervisor/captures.ts";
import type { EventOperations } from "../hypervisor/events.ts";
import type { Credentials, Hypervisor, LoginState } from "../hypervisor/hypervisor.ts";
import type { InventoryReader } from "../hypervisor/inventory.ts";
import type { MachineOperations } from "../hypervisor/machines.ts";
import type { SnapshotOperations } from "../hypervisor/snapshots.ts";
import type { TransferOperations } from "../hypervisor/transfers.ts";
import { CaptureCalls } from "./calls/capture-calls.ts";
import { DiskCalls } from "./calls/disk-calls.ts";
import { EventCalls } from "./calls/event-calls.ts";
import { InventoryCalls } from "./calls/inventory-calls.ts";
import { MachineCalls } from "./calls/machine-calls.ts";
import { RightsCalls } from "./calls/rights-calls.ts";
import { SnapshotCalls } from "./calls/snapshot-calls.ts";
import { surveyEngine } from "./calls/survey-calls.ts";
import { TransferCalls } from "./calls/transfer-calls.ts";
import { VmCalls } from "./calls/vm-calls.ts";
import { VmSettingsCalls } from "./calls/vm-settings-calls.ts";
import { parseEngineAddress } from "./engine-address.ts";
import { ConfirmedLogin } from "./confirmed-login.ts";
import { createEngineClient } from "./engine-client.ts";
import { Login } from "./login.ts";
import { nameAnchors } from "./name-anchors.ts";
import { type TransportLimits, openTransport } from "./transport.ts";

/** How to reach and trust one engine. */
export interface EngineOptions {
  /** Host name or URL, as an operator types it. */
  readonly url: string;
  readonly credentials: Credentials;
  /** PEM of the pinned anchor of the API's certificate. */
  readonly apiAnchorPem: string;
  /** The state that was persisted: after a refusal nothing is sent until `useCredentials` (R14). */
  readonly loginState?: LoginState | undefined;
  /** Who must answer, else every call fails with MANAGER_REPLACED; undefined: whoever answers the first `identify`. */
  readonly instanceId?: string | undefined;
  readonly limits?: TransportLimits | undefined;
}

/** What an engine works with. */
export interface EngineDeps {
  readonly clock: Clock;
  readonly log: Logger;
}

/** Opens an oVirt engine; nothing is sent before the first call. INVALID_ARGUMENT for a bad address. */
export const openOvirtEngine = (options: EngineOptions, { clock, log }: EngineDeps): Hypervisor => {
  const transport = openTransport(parseEngineAddress(options.url), options.apiAnchorPem, {
    limits: options.limits,
    explain: (error, signal) => nameAnchors(error, options, { clock, signal }),
  });
  const login = new Login(transport, options.credentials, options.loginState);
  const confirmed = new ConfirmedLogin(transport, login, options.instanceId);
  const client = createEngineClient({ transport, login: confirmed, clock, log });
  const inventory = new InventoryCalls(client);
  const captures = new CaptureCalls(client);
  const transfers = new TransferCalls(client);
  const disks = new DiskCalls(client);
  const settings = new VmSettingsCalls(client);
  const vms = new VmCalls(client, inventory, settings);
  const rights = new RightsCalls(client);
  const events = new EventCalls(client);

  return {
    loginState: () => login.state,
    useCredentials: (credentials) => {
      login.useCredentials(credentials);
    },
    calls: () => ({ total: transport.sent(), logins: login.logins }),
    survey: (scope, signal) => surveyEngine({ client, captures, transfers, disks, events }, scope, signal),
    ...readerOf(inventory),
    identify: async (signal) => {
      const identity = await inventory.identify(signal);
      confirmed.expect(identity.instanceId);
      return identity;
    },
    ...eventOperationsOf(events),
    ...captureOperationsOf(captures),
    ...snapshotOperationsOf(new SnapshotCalls(client)),
    ...transferOperationsOf(transfers),
    ...buildOperationsOf(disks, vms, settings),
    ...machineOperationsOf(new MachineCalls(client)),
    readRights: (...call) => rights.readRights(...call),

    [Symbol.asyncDispose]: async () => {
      try {
        await login.logOut(clock.timeout(2_000));
      } catch (caught) {
        log.debug("the engine did not take the logout", { err: caught });
      }
      await transport[Symbol.asyncDispose]();
    },
  };
};

const readerOf = (inventory: InventoryCalls): Omit<InventoryReader, "identify"> => ({
  readInventory: (signal) => inventory.readInventory(signal),
  getVm: (...call) => inventory.getVm(...call),
  findVms: (...call) => inventory.findVms(...call),
  listStorageDomains: (signal) => inventory.listStorageDomains(signal),
  listVnicProfiles: (signal) => inventory.listVnicProfiles(signal),
});

const eventOperationsOf = (events: EventCalls): EventOperations => ({
  listEvents: (...call) => events.listEvents(...call),
  listEventsNaming: (...call) => events.listEventsNaming(...call),
  postEvent: (...call) => events.postEvent(...call),
});

const captureOperationsOf = (captures: CaptureCalls): CaptureOperations => ({
  startCapture: (...call) => captures.startCapture(...call),
  getCapture: (...call) => captures.getCapture(...call),
  listCaptures: (...call) => captures.listCaptures(...call),
  listCaptureDisks: (...call) => captures.listCaptureDisks(...call),
  finalizeCapture: (...call) => captures.finalizeCapture(...call),
  listCheckpoints: (...call) => captures.listCheckpoints(...call),
  listCheckpointDisks: (...call) => captures.listCheckpointDisks(...call),
  removeCheckpoint: (...call) => captures.removeCheckpoint(...call),
  enableTracking: (...call) => captures.enableTracking(...call),
  listSnapshots: (...call) => captures.listSnapshots(...call),
  removeSnapshot: (...call) => captures.removeSnapshot(...call),
});

const snapshotOperationsOf = (snapshots: SnapshotCalls): SnapshotOperations => ({
  createSnapshot: (...call) => snapshots.createSnapshot(...call),
  listSnapshotDisks: (...call) => snapshots.listSnapshotDisks(...call),
  freezeGuest: (...call) => snapshots.freezeGuest(...call),
  thawGuest: (...call) => snapshots.thawGuest(...call),
});

const transferOperationsOf = (transfers: TransferCalls): TransferOperations => ({
  openTransfer: (...call) => transfers.openTransfer(...call),
  getTransfer: (...call) => transfers.getTransfer(...call),
  listTransfers: (signal) => transfers.listTransfers(signal),
  finalizeTransfer: (...call) => transfers.finalizeTransfer(...call),
  cancelTransfer: (...call) => transfers.cancelTransfer(...call),
});

const buildOperationsOf = (disks: DiskCalls, vms: VmCalls, settings: VmSettingsCalls): BuildOperations => ({
  createDisk: (...call) => disks.createDisk(...call),
  getDisk: (...call) => disks.getDisk(...call),
  removeDisk: (...call) => disks.removeDisk(...call),
  describeDisk: (...call) => disks.describeDisk(...call),
  listDisksMarked: (...call) => disks.listDisksMarked(...call),

  getVmConfiguration: (...call) => vms.getVmConfiguration(...call),
  createVm: (...call) => vms.createVm(...call),
  attachDisk: (...call) => vms.attachDisk(...call),
  listNicNames: (...call) => vms.listNicNames(...call),
  addNic: (...call) => vms.addNic(...call),
  describeVm: (...call) => vms.describeVm(...call),
  setSettings: (...call) => settings.setSettings(...call),
  addBelonging: (...call) => settings.addBelonging(...call),
  startVm: (...call) => vms.startVm(...call),
  removeVm: (...call) => vms.removeVm(...call),
});

const machineOperationsOf = (machines: MachineCalls): MachineOperations => ({
  findTemplate: (...call) => machines.findTemplate(...call),
  createMachine: (...call) => machines.createMachine(...call),
  reshapeMachine: (...call) => machines.reshapeMachine(...call),
  listNics: (...call) => machines.listNics(...call),
  removeNic: (...call) => machines.removeNic(...call),
  bootMachine: (...call) => machines.bootMachine(...call),
  suspendVm: (...call) => machines.suspendVm(...call),
  shutDownVm: (...call) => machines.shutDownVm(...call),
  powerOffVm: (...call) => machines.powerOffVm(...call),
});
