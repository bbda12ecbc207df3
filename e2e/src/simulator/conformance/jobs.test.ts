import { afterAll, beforeAll, expect, test } from "vitest";

import { type ApiClient, type Tree, loggedIn } from "../testing/api-client.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";

let lab: Lab;
let api: ApiClient;
let vmId: string;
let domainId: string;

beforeAll(async () => {
  lab = await startLab(
    smallConfig({
      delays: { pollMs: 30 },
      vms: [{ name: "v", cluster: "hybrid", disks: [{ alias: "d", size: "1MiB" }] }],
    }),
  );
  api = await loggedIn(lab);
  vmId = (await lab.control.listVms())[0]?.id ?? "";
  domainId = (await api.get("/storagedomains")).json.storage_domain[0].id;
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const newDisk = (headers: Record<string, string> = {}) =>
  api.post(
    "/disks",
    {
      format: "cow",
      provisioned_size: "1048576",
      storage_domains: { storage_domain: [{ id: domainId }] },
    },
    headers,
  );

const jobOf = async (correlationId: string): Promise<Tree> =>
  (await api.get(`/jobs?search=correlation_id%3D${correlationId}`)).json.job?.[0];

test("a job tells by its correlation id what a call set going, until that is over", async () => {
  const disk = (await newDisk({ "x-ovirt-expect": "201-created" })).json.id;
  const body = { disk: { id: disk }, direction: "upload", format: "raw" };
  const { json: transfer } = await api.post("/imagetransfers", body, { "correlation-id": "moving" });
  await api.untilPhase(`/imagetransfers/${transfer.id}`, "transferring");
  expect(await jobOf("moving")).toMatchObject({ description: "Transferring Disk", status: "started" });
  await api.post(`/imagetransfers/${transfer.id}/finalize`);
  await api.until("/jobs?search=correlation_id%3Dmoving", ({ json }) => json.job[0].status === "finished");
  const job = await jobOf("moving");
  expect(job.end_time).toBeGreaterThanOrEqual(job.start_time);
  expect((await api.get(`/jobs/${job.id}`)).json.id).toBe(job.id);
});

test("a job whose background part fails is failed, and a refused call is none", async () => {
  await lab.control.failCapture(vmId);
  const body = { disks: { disk: [{ id: (await lab.control.getVm(vmId)).disks[0]?.id }] } };
  await api.post(`/vms/${vmId}/backups`, body, { "correlation-id": "failing" });
  await api.until("/jobs?search=correlation_id%3Dfailing", ({ json }) => json.job[0].status === "failed");
  await api.post(`/vms/${vmId}/backups`, {}, { "correlation-id": "refused" });
  expect(await jobOf("refused")).toBeUndefined();
});

test("what is still being made is answered with 202, its creation status and where to ask for it", async () => {
  const { status, json } = await newDisk();
  expect([status, json.creation_status, json.status]).toEqual([202, "in_progress", "locked"]);
  const link = json.link.find((one: { rel: string }) => one.rel === "creation_status").href;
  const path = link.slice("/ovirt-engine/api".length);
  await api.until(path, (reply) => reply.json.status === "complete");
  expect((await api.get(`/disks/${json.id}`)).json).not.toHaveProperty("creation_status");
});

test("X-Ovirt-Expect waits for the end of a creation, or does not", async () => {
  const waited = await newDisk({ "x-ovirt-expect": "201-created" });
  expect([waited.status, waited.json.status]).toEqual([201, "ok"]);
  expect(waited.headers["location"]).toContain(`/disks/${waited.json.id}`);
  expect((await newDisk({ "x-ovirt-expect": "202-accepted" })).status).toBe(202);
  const snapshot = await api.post(
    `/vms/${vmId}/snapshots`,
    { description: "s", persist_memorystate: "false" },
    { "x-ovirt-expect": "201-created" },
  );
  expect([snapshot.status, snapshot.json.snapshot_status]).toEqual([201, "ok"]);
});

test("an action with async=true is 202 and names its job", async () => {
  const { status, json } = await api.post(`/vms/${vmId}/start?async=true`);
  expect([status, json.status]).toEqual([202, "complete"]);
  expect((await api.get(`/jobs/${json.job.id}`)).json.description).toBe("Launching VM");
  await api.until(`/vms/${vmId}`, (reply) => reply.json.status === "up");
});
