import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";

import { copyFrozenDisks } from "../backups/run-capture.ts";
import type { ImageioDaemon } from "../imageio/tickets.ts";
import { callFaultSchema } from "../faults/call-faults.ts";
import type { Route } from "../http/router.ts";
import { isLocked } from "../sso/accounts.ts";
import type { Control, ControlCall, ControlHandle } from "./control.ts";
import {
  damageSchema,
  directorySchema,
  imageioFaultSchema,
  loginSchema,
  passwordSchema,
  writerSchema,
} from "./control-schemas.ts";
import { diskOf, vmOf } from "./machine-routes.ts";
import { listLeftovers } from "./objects.ts";

const copyBackup = async (control: Control, call: ControlCall) => {
  const backup = control.engine.world.backups.get(call.params["backup"] ?? "");
  if (backup?.phase !== "ready") throw new HoldfastError("FAILED_PRECONDITION", "no such backup is ready");
  await copyFrozenDisks(control.engine, backup, directorySchema.parse(call.body).directory);
  return { diskIds: backup.disks.map(({ diskId }) => diskId) };
};

const spoil = async (control: Control, call: ControlCall) => {
  const vm = vmOf(control, call);
  const checkpoint = vm.checkpoints.find((one) => one.id === call.params["checkpoint"]);
  if (checkpoint === undefined) throw new HoldfastError("NOT_FOUND", "no such checkpoint");
  const { damage } = damageSchema.parse(call.body);
  if (damage === "invalid") {
    checkpoint.state = "invalid";
    control.engine.save();
    return {};
  }
  for (const diskId of checkpoint.diskIds) {
    const disk = control.engine.world.disks.get(diskId);
    if (disk !== undefined) await control.engine.storage.spoilCheckpoint(disk.imageId, checkpoint.id, damage);
  }
  return {};
};

const daemons = (control: Control): readonly ImageioDaemon[] => {
  const { hosts, proxy } = control.engine.imageio;
  return [...hosts.values(), ...(proxy === undefined ? [] : [proxy])];
};

const armImageio = (control: Control, call: ControlCall) => {
  const { diskId, fault } = imageioFaultSchema.parse(call.body);
  const tickets = [...control.engine.ledger]
    .filter(([, entry]) => entry.diskId === diskId)
    .map(([ticketId]) => ticketId);
  for (const daemon of control.engine.imageio.hosts.values()) {
    for (const ticketId of diskId === undefined ? ["*"] : tickets) daemon.faults.set(ticketId, fault);
  }
  return { tickets: diskId === undefined ? "*" : tickets.length };
};

const accounts = (control: Control) =>
  Object.fromEntries(
    [...control.engine.world.wrongPasswords].map(([login, wrong]) => [
      login,
      { wrong, locked: isLocked(control.engine, login) },
    ]),
  );

const setPassword = (control: Control, call: ControlCall): void => {
  const { login, password } = passwordSchema.parse(call.body);
  const user = control.engine.config.users.find(({ name }) => name === login);
  if (user === undefined) throw new HoldfastError("NOT_FOUND", "no such user");
  user.password = password;
};

const post = (pattern: string, handle: ControlHandle): Route<ControlHandle> => ({ method: "POST", pattern, handle });
const get = (pattern: string, handle: ControlHandle): Route<ControlHandle> => ({ method: "GET", pattern, handle });
const done = {};

const captureRoutes = (control: Control): readonly Route<ControlHandle>[] => [
  post("/backups/:backup/copy", (call) => copyBackup(control, call)),
  post("/vms/:vm/copy-at-ready", (call) => {
    control.engine.hooks.copyAtReady.set(vmOf(control, call).id, directorySchema.parse(call.body).directory);
    return done;
  }),
  post("/vms/:vm/copy-every-ready", (call) => {
    control.engine.hooks.copyEveryReady.set(vmOf(control, call).id, directorySchema.parse(call.body).directory);
    return done;
  }),
  post("/vms/:vm/fail-capture", (call) => {
    control.engine.hooks.failCapture.add(vmOf(control, call).id);
    return done;
  }),
  post("/vms/:vm/leave-snapshot", (call) => {
    control.engine.hooks.leaveSnapshot.add(vmOf(control, call).id);
    return done;
  }),
  post("/vms/:vm/checkpoints/:checkpoint/spoil", (call) => spoil(control, call)),
  post("/disks/:disk/fail-upload", (call) => {
    control.engine.hooks.failUpload.add(diskOf(control, call).id);
    return done;
  }),
];

const guestRoutes = (control: Control): readonly Route<ControlHandle>[] => [
  post("/vms/:vm/writers", (call) => {
    control.guests.start(vmOf(control, call).id, writerSchema.parse(call.body));
    return done;
  }),
  get("/vms/:vm/writers", (call) => control.guests.read(vmOf(control, call).id)),
  { method: "DELETE", pattern: "/vms/:vm/writers", handle: (call) => control.guests.stop(vmOf(control, call).id) },
];

const faultRoutes = (control: Control): readonly Route<ControlHandle>[] => [
  get("/faults", () => control.faults.list()),
  post("/faults", (call) => {
    control.faults.arm(callFaultSchema.parse(call.body));
    return done;
  }),
  {
    method: "DELETE",
    pattern: "/faults",
    handle: () => {
      control.faults.clear();
      return done;
    },
  },
  post("/imageio-faults", (call) => armImageio(control, call)),
  {
    method: "DELETE",
    pattern: "/imageio-faults",
    handle: () => {
      for (const daemon of daemons(control)) daemon.faults.clear();
      return done;
    },
  },
];

/** What only a lab can do: look at everything, count, make things go wrong, let guests write. */
export const labRoutes = (control: Control): readonly Route<ControlHandle>[] => [
  get("/leftovers", () => listLeftovers(control.engine)),
  get("/counters", () => ({ calls: control.counters.read(), tickets: control.served.read() })),
  post("/counters/reset", () => {
    control.counters.reset();
    control.served.reset();
    return done;
  }),
  get("/accounts", () => accounts(control)),
  post("/accounts/unlock", (call) => {
    control.engine.world.wrongPasswords.delete(loginSchema.parse(call.body).login);
    control.engine.save();
    return done;
  }),
  post("/accounts/password", (call) => {
    setPassword(control, call);
    return done;
  }),
  post("/tokens/expire", () => {
    control.tokens.expireAll();
    return done;
  }),
  get("/tokens", () => ({ count: control.tokens.count() })),
  ...captureRoutes(control),
  ...guestRoutes(control),
  ...faultRoutes(control),
];
