import { afterAll, beforeAll, expect, test } from "vitest";

import { ApiClient, type Reply, type Tree, loggedIn } from "../testing/api-client.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";
import { childText, descendants, parseXml } from "../xml/read-xml.ts";

let lab: Lab;
let api: ApiClient;
let vm: Tree;

const xml = { accept: "application/xml", "content-type": "application/xml" };
const send = (method: string, path: string, body: string, headers = xml): Promise<Reply> =>
  api.call(method, path, { body, headers });

beforeAll(async () => {
  lab = await startLab(
    smallConfig({
      users: [
        { name: "admin@internal", password: "secret", roles: [{ role: "SuperUser" }] },
        { name: "op@internal", password: "o", roles: [{ role: "UserRole", on: { vm: "web1" } }] },
      ],
      templates: [{ name: "base", disks: [{ alias: "root", size: "1MiB" }] }],
      vms: [{ name: "web1", cluster: "hybrid", disks: [{ alias: "root", size: "1MiB" }] }],
    }),
  );
  api = await loggedIn(lab);
  [vm] = (await api.get("/vms")).json.vm;
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

test("without an Accept header, or with one that takes anything, the answer is XML", async () => {
  for (const accept of [undefined, "*/*", "application/json;q=0.3, application/xml;q=0.6"]) {
    const { headers, text } = await api.raw("GET", `${lab.addresses.api}/vms`, {
      headers: { authorization: `Bearer ${api.token}`, ...(accept === undefined ? {} : { accept }) },
    });
    expect(headers["content-type"]).toBe("application/xml;charset=UTF-8");
    expect(parseXml(text).name).toBe("vms");
  }
  expect((await api.get("/vms", { accept: "application/xml;q=0.3, application/json;q=0.6" })).json.vm).toHaveLength(1);
  expect((await api.get("/vms", { accept: "text/html" })).status).toBe(406);
});

test("entities are singular with id and href as attributes, lists are plural, and dates carry their zone", async () => {
  const { text } = await api.get(`/vms/${vm.id}`, xml);
  const root = parseXml(text);
  expect(root).toMatchObject({ name: "vm", attributes: { id: vm.id, href: `/ovirt-engine/api/vms/${vm.id}` } });
  expect(childText(root, "memory")).toBe("1073741824");
  expect(childText(root, "creation_time")).toBe(new Date(vm.creation_time).toISOString().replace("Z", "+00:00"));
  expect(descendants(root, "device").map((one) => one.text)).toEqual(["hd"]);
  const cluster = root.children.find((child) => child.name === "cluster");
  expect(cluster?.attributes).toEqual({ id: vm.cluster.id, href: vm.cluster.href });
  expect(descendants(root, "link")).toContainEqual(
    expect.objectContaining({ attributes: { href: `${vm.href}/snapshots`, rel: "snapshots" } }),
  );
  const list = parseXml((await api.get(`/vms/${vm.id}/diskattachments`, xml)).text);
  expect([list.name, ...list.children.map(({ name }) => name)]).toEqual(["disk_attachments", "disk_attachment"]);
});

test("an empty collection is its root alone, and what is not there has no body", async () => {
  expect(parseXml((await api.get("/vms?search=name%3Dnone", xml)).text)).toMatchObject({ name: "vms", children: [] });
  expect(await api.get("/vms/11111111-1111-1111-1111-111111111111", xml)).toMatchObject({ status: 404, text: "" });
});

test("a refusal is a fault, and a deletion answers 200 with an action", async () => {
  const refused = await send("POST", "/vms", "<vm><memory>1</memory></vm>");
  expect(refused).toMatchObject({ status: 400 });
  const fault = parseXml(refused.text);
  expect([fault.name, childText(fault, "reason"), childText(fault, "detail")]).toEqual([
    "fault",
    "Incomplete parameters",
    "Vm [name] required for add",
  ]);
  const made = await send(
    "POST",
    "/vms",
    `<vm><name>gone</name><cluster id="${vm.cluster.id}"/><template><name>Blank</name></template></vm>`,
  );
  expect(made.status).toBe(201);
  const { id = "" } = parseXml(made.text).attributes;
  await api.until(`/vms/${id}`, ({ json }) => json?.status === "down");
  const removed = await api.call("DELETE", `/vms/${id}`, { headers: xml });
  expect([removed.status, parseXml(removed.text).name]).toEqual([200, "action"]);
});

test("a fault that the lab is told to answer is in the representation that the call asks for", async () => {
  for (const accept of ["application/xml", "application/json"]) {
    const effect = { kind: "fault", status: 409, reason: "r", detail: "[d]" } as const;
    await lab.control.armFault({ route: "GET /vms", effect });
    const reply = await api.get("/vms", { accept });
    expect(reply.status).toBe(409);
    expect(reply.headers["content-type"]).toBe(`${accept};charset=UTF-8`);
    expect(reply.json ?? childText(parseXml(reply.text), "detail")).toEqual(
      reply.json ? { reason: "r", detail: "[d]" } : "[d]",
    );
  }
});

test("bodies are read with ids as attributes, references by name, lists and nested structures", async () => {
  const made = await send(
    "POST",
    "/vms",
    `<?xml version="1.0"?>
     <vm>
       <name>a &amp; b</name>
       <cluster><name>hybrid</name></cluster>
       <template><name>Blank</name></template>
       <cpu><topology><cores>2</cores><sockets>3</sockets><threads>1</threads></topology></cpu>
       <description/>
       <placement_policy><affinity>pinned</affinity><hosts><host><name>h1</name></host></hosts></placement_policy>
       <initialization>
         <custom_script>write_files:
  - path: "/etc/a"
</custom_script>
         <nic_configurations>
           <nic_configuration><name>e1</name><boot_protocol>static</boot_protocol><ip><address>192.0.2.1</address></ip></nic_configuration>
           <nic_configuration><name>e2</name><boot_protocol>dhcp</boot_protocol></nic_configuration>
         </nic_configurations>
       </initialization>
     </vm>`,
  );
  expect(made.status).toBe(201);
  const { json } = await api.get(`/vms/${parseXml(made.text).attributes["id"] ?? ""}`);
  expect(json).toMatchObject({
    name: "a & b",
    description: "",
    cpu: { topology: { cores: "2", sockets: "3" } },
    placement_policy: { affinity: "pinned", hosts: { host: [{}] } },
    initialization: { custom_script: 'write_files:\n  - path: "/etc/a"\n' },
  });
  expect(json.initialization.nic_configurations.nic_configuration).toMatchObject([
    { name: "e1", boot_protocol: "static", ip: { address: "192.0.2.1" } },
    { name: "e2", boot_protocol: "dhcp" },
  ]);
});

test("an empty list is told from a missing one", async () => {
  const take = (inside: string): Promise<Reply> =>
    send(
      "POST",
      `/vms/${vm.id}/snapshots`,
      `<snapshot><description>s</description><persist_memorystate>false</persist_memorystate>${inside}</snapshot>`,
    );
  const disksOf = async (made: Reply): Promise<Tree> => {
    const path = `/vms/${vm.id}/snapshots/${parseXml(made.text).attributes["id"] ?? ""}`;
    await api.until(path, ({ json }) => json?.snapshot_status === "ok");
    return (await api.get(`${path}/disks`)).json;
  };
  expect(await disksOf(await take("<disk_attachments/>"))).toEqual({});
  expect((await disksOf(await take(""))).disk).toHaveLength(1);
});

test("elements that a type does not have are passed over, unlike in JSON; impossible values are not", async () => {
  const path = `/vms/${vm.id}`;
  expect((await send("PUT", path, "<vm><nonsense>1</nonsense><comment>c</comment></vm>")).status).toBe(200);
  expect((await api.get(path)).json.comment).toBe("c");
  expect((await api.call("PUT", path, { body: { nonsense: 1 } })).status).toBe(400);
  const refused = await send("PUT", path, "<vm><bios><type>q36</type></bios></vm>");
  expect([refused.status, childText(parseXml(refused.text), "reason")]).toEqual([400, "Invalid value"]);
});

test("a body that is no XML, has a document type, another root or another content type is refused", async () => {
  const post = async (body: string, headers = xml): Promise<number> =>
    (await send("POST", "/vms", body, headers)).status;
  expect(await post("<vm><name>x</vm>")).toBe(400);
  expect(await post('<!DOCTYPE vm [<!ENTITY e "x">]><vm><name>&e;</name></vm>')).toBe(400);
  expect(await post("<disk><name>x</name></disk>")).toBe(400);
  expect(await post("name=x", { ...xml, "content-type": "application/x-www-form-urlencoded" })).toBe(415);
  expect((await send("POST", `/vms/${vm.id}/stop`, "<vm/>")).status).toBe(400);
});

test("what goes in and comes out need not be the same representation", async () => {
  const made = await send("POST", `/vms/${vm.id}/nics`, "<nic><name>n1</name></nic>", {
    accept: "application/json",
    "content-type": "application/xml; charset=UTF-8",
  });
  expect(made).toMatchObject({ status: 201, json: { name: "n1" } });
});

test("a body in XML needs the same permits as one in JSON", async () => {
  await using op = new ApiClient(lab);
  expect((await op.login("op@internal", "o")).status).toBe(200);
  const [attachment] = (await api.get(`/vms/${vm.id}/diskattachments`)).json.disk_attachment;
  const body = `<backup><disks><disk id="${attachment.id}"/></disks></backup>`;
  expect((await op.call("POST", `/vms/${vm.id}/backups`, { body, headers: xml })).status).toBe(403);
  const transfer = `<image_transfer><disk id="${attachment.id}"/><direction>download</direction></image_transfer>`;
  expect((await op.call("POST", "/imagetransfers", { body: transfer, headers: xml })).status).toBe(403);
});
