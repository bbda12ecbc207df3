import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import { type MemoryLogger, memoryLogger } from "@holdfast/shared/logging/memory-logger";
import { toLoggedError } from "@holdfast/shared/logging/log-error";
import { beforeAll, beforeEach, expect, test } from "vitest";

import type { Hypervisor } from "../hypervisor/hypervisor.ts";
import { type EngineOptions, openOvirtEngine } from "./ovirt-engine.ts";
import { type ServerCertificate, type TestCa, makeCa } from "./testing/certificates.ts";
import { type LocalEngine, type Said, type SeenRequest, startLocalEngine } from "./testing/local-engine.ts";
import { hastyClock } from "./testing/test-clock.ts";
import { defaultLimits } from "./transport.ts";

const password = "correct-horse-battery";
const never = new AbortController().signal;
const root = {
  instance_id: "I1",
  product_info: { name: "oVirt Engine", version: { major: "4", minor: "5", full_version: "4.5.6" } },
};
const ok: Said = { status: 200, json: root };

let ca: TestCa;
let certificate: ServerCertificate;
let log: MemoryLogger;
beforeAll(async () => {
  ca = await makeCa("the engine's CA");
  certificate = await ca.issue();
});
beforeEach(() => {
  log = memoryLogger();
});

const open = (engine: Pick<LocalEngine, "url">, options: Partial<EngineOptions> = {}): Hypervisor =>
  openOvirtEngine(
    { url: engine.url, credentials: { username: "admin@internal", password }, apiAnchorPem: ca.cert, ...options },
    { clock: hastyClock, log },
  );

/** Calls of the API, without logins and logouts. */
const apiCalls = (engine: LocalEngine): readonly SeenRequest[] =>
  engine.seen.filter(({ path }) => path.includes("/api"));

test("a login is asked for as engines want it, and its token used for everything after", async () => {
  await using engine = await startLocalEngine(certificate, () => ok);
  await using hypervisor = open(engine);
  expect(hypervisor.loginState()).toEqual({ state: "not-logged-in" });
  expect(await hypervisor.identify(never)).toEqual({ instanceId: "I1", productName: "oVirt Engine", version: "4.5.6" });
  await Promise.all([hypervisor.identify(never), hypervisor.identify(never)]);

  expect(engine.logins()).toBe(1);
  const [login, call] = engine.seen;
  expect(login?.headers.accept).toBe("application/json");
  expect(Object.fromEntries(new URLSearchParams(login?.body))).toEqual({
    grant_type: "password",
    scope: "ovirt-app-api",
    username: "admin@internal",
    password,
  });
  expect(call?.headers).toMatchObject({
    authorization: "Bearer token-1",
    accept: "application/json",
    "accept-language": "en-US",
    version: "4",
  });
  expect(call?.headers.cookie).toBeUndefined();
  expect(hypervisor.loginState()).toEqual({ state: "logged-in" });
  expect(hypervisor.calls()).toEqual({ total: 4, logins: 1 });
});

test("callers at the same time share one login", async () => {
  await using engine = await startLocalEngine(certificate, () => ok);
  await using hypervisor = open(engine);
  await Promise.all(Array.from({ length: 6 }, () => hypervisor.identify(never)));
  expect(engine.logins()).toBe(1);
});

test("a token that the engine dropped costs one new login and the request once more", async () => {
  await using engine = await startLocalEngine(certificate, ({ headers }) =>
    headers.authorization === "Bearer token-1" ? { status: 401, text: "<html>401</html>" } : ok,
  );
  await using hypervisor = open(engine);
  await hypervisor.identify(never);
  expect(engine.logins()).toBe(2);
  expect(apiCalls(engine)).toHaveLength(2);
});

test("an engine that refuses even a new token is asked no third time, but again by the next call", async () => {
  await using engine = await startLocalEngine(certificate, (_, count) =>
    count <= 2 ? { status: 401, text: "<html>401</html>" } : ok,
  );
  await using hypervisor = open(engine);
  await expect(hypervisor.identify(never)).rejects.toMatchObject({ code: "ENGINE_FORBIDDEN" });
  expect(engine.logins()).toBe(2);
  expect(apiCalls(engine)).toHaveLength(2);
  await hypervisor.identify(never);
});

test("R14: a wrong password is sent once, whoever asks, until new credentials are given", async () => {
  const refusal = { error_code: "access_denied", error: "Cannot authenticate user 'admin@internal'" };
  const login = (count: number): Said =>
    count === 1 ? { status: 400, json: refusal } : { status: 200, json: { access_token: "t" } };
  await using engine = await startLocalEngine(certificate, () => ok, login);
  await using hypervisor = open(engine);

  const all = await Promise.allSettled(Array.from({ length: 5 }, () => hypervisor.identify(never)));
  expect(all.every((one) => one.status === "rejected" && hasCode(one.reason, "ENGINE_CREDENTIALS_REFUSED"))).toBe(true);
  await expect(hypervisor.readInventory(never)).rejects.toMatchObject({ code: "ENGINE_CREDENTIALS_REFUSED" });
  expect(engine.logins()).toBe(1);
  expect(hypervisor.loginState()).toEqual({ state: "credentials-refused", reason: refusal.error });

  hypervisor.useCredentials({ username: "admin@internal", password: "the new one" });
  await hypervisor.identify(never);
  expect(engine.logins()).toBe(2);
});

test("R14: the refusal outlives a restart when it is handed back", async () => {
  await using engine = await startLocalEngine(certificate, () => ok);
  await using hypervisor = open(engine, { loginState: { state: "credentials-refused", reason: "wrong" } });
  await expect(hypervisor.identify(never)).rejects.toMatchObject({ code: "ENGINE_CREDENTIALS_REFUSED" });
  expect(engine.seen).toHaveLength(0);
});

test("an engine that cannot log anyone in now does not spoil the credentials", async () => {
  const login = (count: number): Said =>
    count <= 2
      ? {
          status: count === 1 ? 503 : 400,
          ...(count === 1 ? { text: "<html>" } : { json: { error_code: "server_error", error: "down" } }),
        }
      : { status: 200, json: { access_token: "t" } };
  await using engine = await startLocalEngine(certificate, () => ok, login);
  await using hypervisor = open(engine);
  await expect(hypervisor.identify(never)).rejects.toMatchObject({ code: "ENGINE_FAULT" });
  expect(hypervisor.loginState()).toEqual({ state: "not-logged-in" });
  await hypervisor.identify(never);
});

test("a restarting engine's HTML is waited through for a read, and told as unreachable when it lasts", async () => {
  await using engine = await startLocalEngine(certificate, (_, count) =>
    count <= 2 ? { status: 503, text: "<html>" } : ok,
  );
  await using hypervisor = open(engine);
  await hypervisor.identify(never);
  expect(apiCalls(engine)).toHaveLength(3);

  await using down = await startLocalEngine(certificate, () => ({ status: 503, text: "<html>" }));
  await using unlucky = open(down);
  await expect(unlucky.identify(never)).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
  expect(apiCalls(down)).toHaveLength(4);
});

test("a broken connection is repeated for what an id of ours makes safe, and not for the opening of a transfer", async () => {
  await using engine = await startLocalEngine(certificate, ({ path }, count) => {
    if (path.endsWith("/imagetransfers") || count === 1) return "cut";
    return { status: 201, json: { id: "B1", phase: "initializing" } };
  });
  await using hypervisor = open(engine);
  const request = { vmId: "V", captureId: "B1", diskIds: ["D"], description: "d", correlationId: "c" };
  expect(await hypervisor.startCapture(request, never)).toMatchObject({ id: "B1", phase: "initializing" });
  expect(apiCalls(engine)).toHaveLength(2);

  const transfer = { diskId: "D", direction: "download", inactivityTimeoutS: 60, correlationId: "c" } as const;
  await expect(hypervisor.openTransfer(transfer, never)).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });
  expect(apiCalls(engine)).toHaveLength(3);
});

test("a server with another CA, or another name, is untrusted, and no password is sent to it", async () => {
  const other = await makeCa("another CA");
  await using impostor = await startLocalEngine(await other.issue(), () => ok);
  await using deceived = open(impostor);
  await expect(deceived.identify(never)).rejects.toMatchObject({ code: "ENGINE_UNTRUSTED" });
  expect(impostor.seen).toHaveLength(0);

  await using renamed = await startLocalEngine(await ca.issue("engine.example.com"), () => ok);
  await using misled = open(renamed);
  await expect(misled.identify(never)).rejects.toMatchObject({ code: "ENGINE_UNTRUSTED" });
  expect(renamed.seen).toHaveLength(0);
});

test("a server certificate that was pinned alone is enough", async () => {
  await using engine = await startLocalEngine(certificate, () => ok);
  await using hypervisor = open(engine, { apiAnchorPem: certificate.cert });
  expect(await hypervisor.identify(never)).toMatchObject({ instanceId: "I1" });
});

test("nobody there is unreachable", async () => {
  let url = "";
  {
    await using engine = await startLocalEngine(certificate, () => ok);
    url = engine.url;
  }
  await using hypervisor = open({ url });
  await expect(hypervisor.identify(never)).rejects.toMatchObject({
    code: "ENGINE_UNREACHABLE",
    details: { systemCode: "ECONNREFUSED" },
  });
});

test("an endless answer, a silent server and an abort end a call", async () => {
  await using engine = await startLocalEngine(certificate, ({ path }) =>
    path.includes("/vms/") ? "hang" : { status: 200, text: "x".repeat(200_000), type: "application/json" },
  );
  await using hypervisor = open(engine, { limits: { ...defaultLimits, maxAnswerBytes: 100_000, answerMs: 300 } });
  await expect(hypervisor.identify(never)).rejects.toMatchObject({ code: "ENGINE_PROTOCOL" });
  await expect(hypervisor.startVm("V", never)).rejects.toMatchObject({ code: "ENGINE_UNREACHABLE" });

  const patient = open(engine);
  const stop = new AbortController();
  const call = patient.getVm("V", stop.signal);
  stop.abort(new Error("enough"));
  await expect(call).rejects.toThrow("enough");
  await patient[Symbol.asyncDispose]();
});

test("what is not in the contract is told by its place", async () => {
  await using engine = await startLocalEngine(certificate, () => ({
    status: 200,
    json: { product_info: { version: {} } },
  }));
  await using hypervisor = open(engine);
  await expect(hypervisor.identify(never)).rejects.toMatchObject({
    code: "ENGINE_PROTOCOL",
    message: expect.stringMatching(/instance_id/) as string,
  });
});

test("R12: neither password nor token nor ticket stands in an error or a log line", async () => {
  const ticket = "0f2b7c1e-aaaa-4bbb-8ccc-000000000000";
  await using engine = await startLocalEngine(
    certificate,
    (_, count) =>
      count === 1
        ? { status: 401, text: "" }
        : { status: 400, json: { reason: "r", detail: `[/images/${ticket} is gone]` } },
    (count) => ({ status: 200, json: { access_token: `s3cret-token-${count}` } }),
  );
  await using hypervisor = open(engine);
  const error: unknown = await hypervisor.identify(never).catch((caught: unknown) => caught);
  log.error("told", { err: error });
  const told = JSON.stringify([toLoggedError(error), log.lines]);
  for (const secret of [password, "s3cret-token", ticket]) expect(told).not.toContain(secret);
});

test("pages are read until one is short, each row counts once, and text is read as what it means", async () => {
  const vm = (index: number) => ({
    id: `vm-${index}`,
    name: `vm ${index}`,
    status: "up",
    memory: "1073741824",
    cluster: { id: "c1", href: "/x" },
    unknown_field: { deep: true },
    disk_attachments: index % 2 === 0 ? {} : { disk_attachment: [disk(index, "data"), disk(index, "backup_scratch")] },
  });
  const disk = (index: number, type: string) => ({
    id: `d-${index}-${type}`,
    active: "true",
    bootable: "false",
    interface: "virtio_scsi",
    disk: {
      id: `d-${index}-${type}`,
      alias: "a",
      provisioned_size: "67108864",
      format: "cow",
      content_type: type,
      storage_domains: {},
    },
  });
  const pages = [Array.from({ length: 200 }, (_, at) => vm(at)), [vm(199), vm(200)]];
  await using engine = await startLocalEngine(certificate, ({ path }) => {
    const { pathname, searchParams } = new URL(path, "https://x");
    if (pathname.endsWith("/clusters"))
      return { status: 200, json: { cluster: [{ id: "c1", name: "C", version: { major: "4", minor: "7" } }] } };
    if (!pathname.endsWith("/vms")) return { status: 200, json: {} };
    const page = Number(/page (\d+)/.exec(searchParams.get("search") ?? "")?.[1]);
    expect(searchParams.get("max")).toBe("200");
    expect(searchParams.get("follow")).toBe("disk_attachments.disk");
    return { status: 200, json: { vm: pages[page - 1] } };
  });
  await using hypervisor = open(engine);
  const { vms, hosts } = await hypervisor.readInventory(never);
  expect(hosts).toEqual([]);
  expect(vms).toHaveLength(201);
  expect(vms[0]).toMatchObject({ level: { major: 4, minor: 7 }, memoryBytes: 2 ** 30, disks: [], hostId: undefined });
  expect(vms[1]?.disks).toEqual([
    expect.objectContaining({
      id: "d-1-data",
      sizeBytes: 2 ** 26,
      active: true,
      bootable: false,
      storageDomainIds: [],
    }),
  ]);
  expect(apiCalls(engine)).toHaveLength(5);
});

test("a capture that exists already is answered, one that the engine failed to start is CAPTURE_FAILED", async () => {
  const request = { vmId: "V", captureId: "B1", diskIds: ["D"], description: "d", correlationId: "hf_t_1" };
  await using engine = await startLocalEngine(certificate, ({ method, path }) => {
    if (method === "GET")
      return path.endsWith("/B1") ? { status: 200, json: { id: "B1", phase: "ready" } } : { status: 404 };
    return path.includes("/V/")
      ? { status: 400, json: { detail: "[The specified VM backup ID B1 already exists.]" } }
      : { status: 400, json: { reason: "Operation Failed", detail: "[]" } };
  });
  await using hypervisor = open(engine);
  expect(await hypervisor.startCapture(request, never)).toMatchObject({ id: "B1", vmId: "V", phase: "ready" });
  expect(apiCalls(engine)[0]?.headers["correlation-id"]).toBe("hf_t_1");
  await expect(hypervisor.startCapture({ ...request, vmId: "W", captureId: "B2" }, never)).rejects.toMatchObject({
    code: "CAPTURE_FAILED",
  });
});

test("ending what has ended, is ending or is aborted by it is no failure; a real refusal is", async () => {
  const texts: Record<string, string> = {
    aborted: "[Backup 'b' is in 'starting' phase, premature backup stop was initiated.]",
    ending: "[VM 'v' backup 'b' is already in 'Finalizing' phase, no need to stop the backup again]",
    stuck: "[Something else]",
  };
  await using engine = await startLocalEngine(certificate, ({ method, path }) => {
    const id = /backups\/(\w+)/.exec(path)?.[1] ?? "";
    if (id === "gone") return { status: 404 };
    if (method === "GET") return { status: 200, json: { id, phase: id === "ending" ? "finalizing" : "ready" } };
    return { status: 400, json: { reason: "Operation Failed", detail: texts[id] } };
  });
  await using hypervisor = open(engine);
  for (const captureId of ["aborted", "ending", "gone"]) {
    await hypervisor.finalizeCapture({ vmId: "V", captureId, correlationId: "c" }, never);
  }
  await expect(
    hypervisor.finalizeCapture({ vmId: "V", captureId: "stuck", correlationId: "c" }, never),
  ).rejects.toMatchObject({
    code: "ENGINE_FAULT",
  });
});
