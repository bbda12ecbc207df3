import { request } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";

import { ApiClient } from "../testing/api-client.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";

let lab: Lab;
let api: ApiClient;

beforeAll(async () => {
  lab = await startLab(
    smallConfig({
      lockAfter: 2,
      users: [
        { name: "admin@internal", password: "secret" },
        { name: "bob@internal", password: "b" },
        { name: "eve@corp.example@directory", password: "e" },
      ],
    }),
  );
  api = new ApiClient(lab);
  await api.login();
});

afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});

test("a token has exp as text and no expires_in", async () => {
  const { status, json } = await api.login();
  expect(status).toBe(200);
  expect(json).toMatchObject({ token_type: "bearer", scope: "ovirt-app-api", exp: "9223372036854775807" });
  expect(json).not.toHaveProperty("expires_in");
});

test("an Accept that is not exactly application/json is refused by single sign-on", async () => {
  const reply = await api.raw("POST", `${lab.addresses.engine}/ovirt-engine/sso/oauth/token`, {
    body: "grant_type=password&scope=ovirt-app-api&username=admin%40internal&password=secret",
    headers: { accept: "application/json, */*", "content-type": "application/x-www-form-urlencoded" },
  });
  expect(reply.status).toBe(400);
  expect(reply.json.error_code).toBe("invalid_request");
});

test("errors of single sign-on are 400 in the two shapes", async () => {
  expect((await api.login("bob@internal", "wrong")).json).toMatchObject({ error_code: "access_denied" });
  const other = await api.login("admin@internal", "secret", { grant_type: "x", scope: "openid" });
  expect(other.json).toMatchObject({ error: "unsupported_grant_type" });
  expect((await api.login("bob")).json.error).toBe("No profile found in credentials.");
});

test("the profile is what stands behind the last @", async () => {
  expect((await api.login("eve@corp.example@directory", "e")).status).toBe(200);
  expect((await api.login("eve@corp.example", "e")).json.error_code).toBe("access_denied");
});

test("a missing field is told by its name, and a scope of its own gives a token that the API does not take", async () => {
  expect((await api.login("admin@internal", "")).json).toMatchObject({
    error_code: "invalid_request",
    error: "Missing parameter: 'password'",
  });
  expect((await api.login("admin@internal", "secret", { scope: "openid" })).status).toBe(200);
  expect((await api.get("/vms")).status).toBe(401);
  await api.login();
});

test("wrong passwords are counted and lock the account, which the lab unlocks", async () => {
  await lab.control.unlockAccount("bob@internal");
  await api.login("bob@internal", "wrong");
  await api.login("bob@internal", "wrong");
  expect(await lab.control.accounts()).toMatchObject({ "bob@internal": { wrong: 2, locked: true } });
  expect((await api.login("bob@internal", "b")).status).toBe(400);
  await lab.control.unlockAccount("bob@internal");
  expect((await api.login("bob@internal", "b")).status).toBe(200);
});

test("without a good token the answer is 401 as HTML, never JSON", async () => {
  await api.login();
  await lab.control.expireTokens();
  const reply = await api.get("/vms");
  expect(reply.status).toBe(401);
  expect(reply.headers["www-authenticate"]).toBe('Basic realm="RESTAPI"');
  expect(reply.text).toContain("<html>");
  await api.login();
  expect((await api.get("/vms")).status).toBe(200);
});

test("a logged out token is no longer good", async () => {
  await api.login();
  const reply = await api.logout();
  expect(reply).toMatchObject({ status: 200, text: "{}" });
  expect((await api.get("/vms")).status).toBe(401);
  const again = await api.logout();
  expect(again).toMatchObject({ status: 200, json: { error_code: "invalid_grant" } });
  await api.login();
});

test("the two anchors differ: the internal CA is handed out, and does not vouch for the API", async () => {
  const path = `${lab.addresses.engine}/ovirt-engine/services/pki-resource`;
  const reply = await api.raw("GET", `${path}?resource=ca-certificate&format=X509-PEM-CA`);
  expect(reply.text).toBe(lab.imageioCa);
  expect(lab.imageioCa).not.toBe(lab.apiCa);
  expect((await api.raw("GET", `${path}?resource=nonsense`)).status).toBe(400);
  await expect(request(lab.addresses.api)).rejects.toThrow(/certificate/);
});

test("an unknown path and an unknown entity are 404 with an empty body, a malformed id is 400", async () => {
  await api.login();
  for (const path of ["/nothing", "/vms/11111111-1111-1111-1111-111111111111"]) {
    expect(await api.get(path)).toMatchObject({ status: 404, text: "" });
  }
  expect((await api.get("/vms/nonsense")).status).toBe(400);
});

test("unknown fields, malformed JSON, bad enums and missing fields are 400", async () => {
  const post = (body: unknown) => api.call("POST", "/vms", { body });
  expect((await post({ name: "x", nonsense: 1 })).json.detail).toContain("nonsense");
  expect((await post("{")).status).toBe(400);
  expect((await post({ name: "x", bios: { type: "q36" } })).json.reason).toBe("Invalid value");
  expect((await post({})).json).toEqual({ reason: "Incomplete parameters", detail: "Vm [name] required for add" });
});

test("the correlation id is cleaned, cut and echoed", async () => {
  const reply = await api.get("/vms", { "correlation-id": `a b/${"c".repeat(50)}` });
  expect(reply.headers["correlation-id"]).toBe(`ab${"c".repeat(34)}`);
});

test("an unsupported major version is refused, /v4 is the same API", async () => {
  expect((await api.get("/vms", { version: "5" })).status).toBe(400);
  expect((await api.get("/v4/clusters")).json.cluster).toHaveLength(2);
});

test("calls can be made to fail by the lab", async () => {
  const arm = lab.control.armFault.bind(lab.control);
  await arm({ route: "GET /vms", effect: { kind: "html503" } });
  expect(await api.get("/vms")).toMatchObject({ status: 503, json: undefined });
  await arm({ route: "GET /vms", nth: 2, effect: { kind: "fault", status: 409, detail: "[busy]" } });
  expect((await api.get("/vms")).status).toBe(200);
  expect((await api.get("/vms")).json).toEqual({ reason: "Operation Failed", detail: "[busy]" });
  await arm({ route: "GET /vms", effect: { kind: "drop", when: "before" } });
  await expect(api.get("/vms")).rejects.toThrow(/socket|closed|reset/i);
  expect((await api.get("/vms")).status).toBe(200);
});

test("an answer can be lost after the call was carried out", async () => {
  await lab.control.armFault({ route: "POST /disks", effect: { kind: "drop", when: "after" } });
  const id = "99999999-9999-4999-8999-999999999999";
  const domain = (await api.get("/storagedomains")).json.storage_domain[0];
  const body = {
    id,
    format: "cow",
    provisioned_size: "1048576",
    storage_domains: { storage_domain: [{ id: domain.id }] },
  };
  await expect(api.post("/disks", body)).rejects.toThrow(/socket|closed|reset/i);
  expect((await api.get(`/disks/${id}`)).status).toBe(200);
  await lab.control.armFault({ route: "DELETE /disks/:disk", effect: { kind: "html401" } });
  expect((await api.delete(`/disks/${id}`)).status).toBe(401);
});

test("calls are counted by route", async () => {
  await lab.control.resetCounters();
  await api.get("/vms");
  await api.get("/vms");
  expect((await lab.control.counters()).calls).toEqual({ "GET /vms": 2 });
});
