import { afterAll, beforeAll, expect, test } from "vitest";

import { type ApiClient, type Reply, type Tree, loggedIn } from "../testing/api-client.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";

let lab: Lab;
let api: ApiClient;
let vmPath: string;

beforeAll(async () => {
  lab = await startLab(
    smallConfig({
      lockAfter: 3,
      templates: [{ name: "base", disks: [{ alias: "root", size: "1MiB" }] }],
      tags: [{ name: "gold" }, { name: "silver", parent: "gold" }],
      vms: [
        {
          name: "web1",
          cluster: "hybrid",
          tags: ["gold", "silver"],
          nics: [{ name: "nic1" }],
          disks: [{ alias: "root", size: "1MiB" }],
        },
        {
          name: "Web2",
          cluster: "hybrid",
          template: "base",
          tags: ["silver"],
          disks: [{ alias: "thin", templateDisk: "root" }],
        },
      ],
    }),
  );
  api = await loggedIn(lab);
  vmPath = `/vms/${(await api.get("/vms?search=name%3Dweb1")).json.vm[0].id}`;
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

const get = (path: string, headers: Readonly<Record<string, string>>): Promise<Reply> =>
  api.raw("GET", `${lab.addresses.api}${path}`, { headers: { accept: "application/json", ...headers } });

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

test("user and password are good for one call, and wrong ones count", async () => {
  const good = await get("/vms", { authorization: basic("admin@internal", "secret") });
  expect(good).toMatchObject({ status: 200 });
  expect(good.headers["set-cookie"]).toBeUndefined();
  expect((await get("/vms", { authorization: basic("admin@internal", "wrong") })).status).toBe(401);
  expect(await lab.control.accounts()).toMatchObject({ "admin@internal": { wrong: 1, locked: false } });
  await lab.control.unlockAccount("admin@internal");
});

test("with persistent-auth a cookie carries the session on, until it is over", async () => {
  const first = await get("/vms", {
    authorization: basic("admin@internal", "secret"),
    prefer: "persistent-auth",
  });
  const cookie = String(first.headers["set-cookie"]).split(";")[0] ?? "";
  expect(cookie).toMatch(/^JSESSIONID=.+/);
  expect((await get("/vms", { cookie, prefer: "persistent-auth" })).status).toBe(200);
  await lab.control.expireTokens();
  expect((await get("/vms", { cookie, prefer: "persistent-auth" })).status).toBe(401);
  await api.login();
});

test("all content is asked for by header or query; the language makes no difference", async () => {
  expect((await api.get(vmPath)).json.initialization).toBeUndefined();
  for (const reply of [await api.get(vmPath, { "all-content": "true" }), await api.get(`${vmPath}?all_content=true`)])
    expect(reply.json.initialization.configuration.type).toBe("ovf");
  const post = (language: string): Promise<Reply> => api.post("/vms", {}, { "accept-language": language });
  expect((await post("de")).json).toEqual((await post("en-US")).json);
});

test("a correlation id is taken from the query as well, and lands in what happens", async () => {
  const reply = await api.post(`${vmPath}/backups?correlation_id=job-7`, {});
  expect(reply.headers["correlation-id"]).toBe("job-7");
  await api.post(`${vmPath}/start?correlation_id=start-8`);
  await api.until(vmPath, ({ json }) => json.status === "up");
  const [event] = (await api.get("/events?search=correlation_id%3Dstart-8&follow=user")).json.event;
  expect(event).toMatchObject({ correlation_id: "start-8", user: { user_name: "admin@internal-authz" } });
});

test("what was made tells where it is; an action needs a body, and is only accepted with async", async () => {
  const made = await api.post(`${vmPath}/nics`, { name: "nic2" });
  expect([made.status, made.headers["location"]]).toEqual([201, made.json.href]);
  const act = (query: string, body?: string): Promise<Reply> =>
    api.call("POST", `${vmPath}/stop${query}`, body === undefined ? {} : { body });
  expect((await act("")).status).toBe(400);
  expect(await act("?async=true", "{}")).toMatchObject({ status: 202, json: { status: "complete" } });
});

test("a NIC is changed as far as a body says, to nothing that another one has", async () => {
  const [first] = (await api.get(`${vmPath}/nics`)).json.nic;
  const made = (await api.post(`${vmPath}/nics`, { name: "nic3" })).json;
  const put = (body: unknown): Promise<Reply> => api.call("PUT", `${vmPath}/nics/${made.id}`, { body });
  const changed = await put({ ...made, name: "nic4", linked: "false", mac: { address: "56:6f:00:00:ff:01" } });
  expect(changed).toMatchObject({ status: 200, json: { name: "nic4", linked: "false", plugged: "true" } });
  expect((await put({ mac: { address: "56:6F:00:00:FF:01" } })).status).toBe(200);
  expect((await put({ name: first.name })).status).toBe(409);
  expect((await put({ mac: first.mac })).status).toBe(409);
});

test("a disk's name is its alias, which is preferred where both are sent", async () => {
  const storage_domains = { storage_domain: [{ name: "data" }] };
  const body = { name: "n", alias: "a", format: "cow", provisioned_size: "1048576", storage_domains };
  const { json } = await api.post("/disks", body);
  expect([json.name, json.alias]).toEqual(["a", "a"]);
  await api.until(`/disks/${json.id}`, (reply) => reply.json?.status === "ok");
  const renamed = (await api.call("PUT", `/disks/${json.id}`, { body: { name: "m" } })).json;
  expect([renamed.name, renamed.alias]).toEqual(["m", "m"]);
});

test("unknown query parameters are ignored, a max that is no number is not", async () => {
  expect((await api.get("/vms?nonsense=1&detail=main")).json.vm).toHaveLength(2);
  expect((await api.get("/vms?max=few")).status).toBe(400);
  expect((await api.get(`${vmPath}/tags?max=1`)).json.tag).toHaveLength(1);
});

test("any of several tags is found, and case matters when that is asked for", async () => {
  const found = async (query: string): Promise<string[]> =>
    ((await api.get(`/vms?${query}`)).json.vm ?? []).map((vm: { name: string }) => vm.name);
  expect(await found("search=tag%3Dsilver%20sortby%20name%20desc")).toEqual(["Web2", "web1"]);
  expect(await found("search=name%3Dweb*&case_sensitive=true")).toEqual(["web1"]);
});

test("tags are a tree under the root", async () => {
  const tags = new Map((await api.get("/tags")).json.tag.map((tag: { name: string }) => [tag.name, tag]));
  const { special_objects: special } = (await api.get("")).json;
  expect(tags.get("root")).toMatchObject({ id: special.root_tag.id });
  expect(tags.get("root")).not.toHaveProperty("parent");
  expect(tags.get("gold")).toMatchObject({ parent: { id: special.root_tag.id } });
  expect(tags.get("silver")).toMatchObject({ parent: { id: (tags.get("gold") as { id: string }).id } });
});

test("tags come and go, with what is below them, and mark VMs", async () => {
  const [a, b] = [
    (await api.post("/tags", { name: "a" })).json,
    await api.post("/tags", { name: "b", parent: { name: "a" } }),
  ];
  expect([a.parent.id, b.json.parent.id]).toEqual([(await api.get("")).json.special_objects.root_tag.id, a.id]);
  expect((await api.call("PUT", `/tags/${a.id}`, { body: { parent: { id: b.json.id } } })).status).toBe(400);
  expect((await api.post("/tags", { name: "b" })).status).toBe(409);
  expect((await api.post(`${vmPath}/tags`, { name: "b" })).status).toBe(201);
  expect((await api.get("/vms?search=tag%3Db")).json.vm).toHaveLength(1);
  expect((await api.delete(`${vmPath}/tags/${a.id}`)).status).toBe(404);
  expect((await api.delete(`/tags/${a.id}`)).status).toBe(200);
  expect((await api.get(`/tags/${b.json.id}`)).status).toBe(404);
  expect((await api.get("/vms?search=tag%3Db")).json).toEqual({});
});

test("affinity labels mark VMs and hosts", async () => {
  const [host] = (await api.get("/hosts")).json.host;
  const id = vmPath.slice("/vms/".length);
  const { json: label } = await api.post("/affinitylabels", { name: "gpu", hosts: { host: [{ id: host.id }] } });
  const path = `/affinitylabels/${label.id}`;
  expect((await api.post(`${path}/vms`, { id })).status).toBe(201);
  expect((await api.get(`${vmPath}/affinitylabels`)).json.affinity_label).toMatchObject([
    { id: label.id, name: "gpu" },
  ]);
  expect((await api.get(`${path}?follow=vms,hosts`)).json).toMatchObject({
    vms: { vm: [{ id }] },
    hosts: { host: [{}] },
  });
  expect((await api.post("/affinitylabels", { name: "gpu" })).status).toBe(409);
  expect((await api.call("PUT", path, { body: { name: "gpus", vms: {} } })).json.name).toBe("gpus");
  expect((await api.get(`${vmPath}/affinitylabels`)).json).toEqual({});
  expect((await api.delete(path)).status).toBe(200);
  expect((await api.get("/affinitylabels")).json).toEqual({});
});

test("links are followed as deep as a path says, and stubs become entities", async () => {
  const follow =
    "cluster.data_center,nics.vnic_profile.network,Snapshots,DISK_ATTACHMENTS.disk.storage_domains,nothing";
  const { json } = await api.get(`${vmPath}?follow=${follow}`);
  expect(json.cluster.data_center.name).toBe("Default");
  expect(json.nics.nic[0]).toMatchObject({ name: "nic1", mac: {} });
  expect(json.snapshots.snapshot[0].snapshot_type).toBe("active");
  const [{ disk }] = json.disk_attachments.disk_attachment;
  expect(disk.storage_domains.storage_domain[0].id).toBe((await api.get("/storagedomains")).json.storage_domain[0].id);
  expect(json.link.map((link: { rel: string }) => link.rel)).not.toContain("nics");
  const backups = (await api.get("/vms?follow=backups,checkpoints.disks")).json.vm;
  expect(backups[0]).toMatchObject({ backups: {}, checkpoints: {} });
});

test("the layers of a disk are told oldest first, with the template's and the active one when they are wanted", async () => {
  const [disk] = (await api.get("/disks?search=alias%3Dthin")).json.disk;
  const layers = async (query: string): Promise<Tree[]> =>
    (await api.get(`/disks/${disk.id}/disksnapshots?${query}`)).json.disk_snapshot ?? [];
  expect(await layers("")).toEqual([]);
  expect(await layers("include_active=true")).toMatchObject([{ id: disk.image_id }]);
  const [base, active] = await layers("include_active=true&include_template=true");
  expect(base).not.toHaveProperty("parent");
  expect(active).toMatchObject({ id: disk.image_id, parent: { id: base.id }, disk: { id: disk.id } });
  const domain = disk.storage_domains.storage_domain[0].id;
  const all = (await api.get(`/storagedomains/${domain}/disksnapshots?include_active=true`)).json.disk_snapshot;
  expect(all.map((one: Tree) => one.id)).toContain(disk.image_id);
});

test("every link of an entity leads somewhere", async () => {
  const [host] = (await api.get("/hosts")).json.host;
  const paths = ["", vmPath, `/hosts/${host.id}`, `/clusters/${host.cluster.id}`];
  for (const kind of ["datacenters", "storagedomains", "templates", "disks", "networks", "vnicprofiles", "tags"]) {
    const [row] = Object.values<{ id: string }[]>((await api.get(`/${kind}`)).json).flat();
    paths.push(`/${kind}/${row?.id ?? ""}`);
  }
  const dead: string[] = [];
  for (const path of paths) {
    const links: { href: string }[] = (await api.get(path)).json.link ?? [];
    for (const { href } of links) {
      if ((await api.get(href.replace("/ovirt-engine/api", ""))).status !== 200) dead.push(href);
    }
  }
  expect(dead).toEqual([]);
});
