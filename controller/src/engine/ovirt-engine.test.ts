import { beforeAll, expect, test } from "vitest";
import { correlated } from "../hypervisor/correlation.ts";
import { startLocalEngine } from "./testing/local-engine.ts";
import { type EngineTrust, makeEngineTrust, apiCalls, openClient } from "./testing/open-client.ts";

const never = new AbortController().signal;
let trust: EngineTrust;
beforeAll(async () => {
  trust = await makeEngineTrust();
});

test("what is not in the contract is told by its place", async () => {
  await using engine = await startLocalEngine(trust.certificate, () => ({
    status: 200,
    json: { product_info: { version: {} } },
  }));
  await using hypervisor = openClient(trust, engine);
  await expect(hypervisor.identify(never)).rejects.toMatchObject({
    code: "ENGINE_PROTOCOL",
    message: expect.stringMatching(/instance_id/) as string,
  });
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
  await using engine = await startLocalEngine(trust.certificate, ({ path }) => {
    const { pathname, searchParams } = new URL(path, "https://x");
    if (pathname.endsWith("/clusters"))
      return { status: 200, json: { cluster: [{ id: "c1", name: "C", version: { major: "4", minor: "7" } }] } };
    if (!pathname.endsWith("/vms")) return { status: 200, json: {} };
    const page = Number(/page (\d+)/.exec(searchParams.get("search") ?? "")?.[1]);
    expect(searchParams.get("max")).toBe("200");
    expect(searchParams.get("follow")).toBe("disk_attachments.disk");
    return { status: 200, json: { vm: pages[page - 1] } };
  });
  await using hypervisor = openClient(trust, engine);
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
  const request = { vmId: "V", captureId: "B1", diskIds: ["D"], description: "d", correlationId: "hf-t-1" };
  await using engine = await startLocalEngine(trust.certificate, ({ method, path }) => {
    if (method === "GET")
      return path.endsWith("/B1") ? { status: 200, json: { id: "B1", phase: "ready" } } : { status: 404 };
    return path.includes("/V/")
      ? { status: 400, json: { detail: "[The specified VM backup ID B1 already exists.]" } }
      : { status: 400, json: { reason: "Operation Failed", detail: "[]" } };
  });
  await using hypervisor = openClient(trust, engine);
  expect(await hypervisor.startCapture(request, never)).toMatchObject({ id: "B1", vmId: "V", phase: "ready" });
  expect(apiCalls(engine)[0]?.headers["correlation-id"]).toBe("hf-t-1");
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
  await using engine = await startLocalEngine(trust.certificate, ({ method, path }) => {
    const id = /backups\/(\w+)/.exec(path)?.[1] ?? "";
    if (id === "gone") return { status: 404 };
    if (method === "GET") return { status: 200, json: { id, phase: id === "ending" ? "finalizing" : "ready" } };
    return { status: 400, json: { reason: "Operation Failed", detail: texts[id] } };
  });
  await using hypervisor = openClient(trust, engine);
  for (const captureId of ["aborted", "ending", "gone"]) {
    await hypervisor.finalizeCapture({ vmId: "V", captureId, correlationId: "c" }, never);
  }
  await expect(
    hypervisor.finalizeCapture({ vmId: "V", captureId: "stuck", correlationId: "c" }, never),
  ).rejects.toMatchObject({
    code: "ENGINE_FAULT",
  });
});

test("every call carries the correlation id of the work that it is of, reads too; a change of no task carries ours", async () => {
  await using engine = await startLocalEngine(trust.certificate, () => ({ status: 200, json: {} }));
  await using hypervisor = openClient(trust, engine);
  await correlated("hf-t1-2", async () => {
    await hypervisor.listCheckpoints("V", never);
    await hypervisor.removeCheckpoint("V", "C", never);
    await hypervisor.cancelTransfer("T", never);
    await hypervisor.describeDisk({ diskId: "D", description: "" }, never);
  });
  await hypervisor.cancelTransfer("T", never);
  await hypervisor.listCheckpoints("V", never);
  const ids = apiCalls(engine).map(({ headers }) => headers["correlation-id"]);
  expect(ids).toEqual(["hf-t1-2", "hf-t1-2", "hf-t1-2", "hf-t1-2", "hf-controller", undefined]);
});
