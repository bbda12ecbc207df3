import { systemClock } from "@holdfast/shared/clock/clock";
import { silentLogger } from "@holdfast/shared/logging/silent-logger";
import { beforeAll, expect, test } from "vitest";

import { openOvirtEngine } from "./ovirt-engine.ts";
import { type ServerCertificate, type TestCa, makeCa } from "./testing/certificates.ts";
import { type Said, startLocalEngine } from "./testing/local-engine.ts";

const never = new AbortController().signal;
let ca: TestCa;
let certificate: ServerCertificate;
beforeAll(async () => {
  ca = await makeCa("the engine's CA");
  certificate = await ca.issue();
});

const user = (id: string, domain: string) => ({
  id,
  user_name: `me@${domain}`,
  principal: "me",
  domain: { name: domain },
});

const roles: Readonly<Record<string, { readonly administrative: string; readonly permits: readonly string[] }>> = {
  R1: { administrative: "true", permits: ["LOGIN", "backup_disk"] },
  R2: { administrative: "false", permits: ["create_disk"] },
};

/** Asks an engine that has these accounts, of which `U1` has R1 on the system and R2 on a data center. */
const askedOf = async (users: readonly object[], permissions?: Said) => {
  const answer = (path: string): Said => {
    if (path.startsWith("/users?")) return { status: 200, json: { user: users } };
    const role = /^\/roles\/(R\d)(\/permits)?$/.exec(path);
    const found = roles[role?.[1] ?? ""];
    if (found !== undefined && role?.[2] !== undefined)
      return { status: 200, json: { permit: found.permits.map((name) => ({ name })) } };
    if (found !== undefined) return { status: 200, json: { id: role?.[1], administrative: found.administrative } };
    const given = [{ role: { id: "R1" } }, { role: { id: "R2" }, data_center: { id: "D1" } }];
    if (path === "/users/U1/permissions") return permissions ?? { status: 200, json: { permission: given } };
    return { status: 404 };
  };
  await using engine = await startLocalEngine(certificate, ({ path }) => answer(path.replace("/ovirt-engine/api", "")));
  await using hypervisor = openOvirtEngine(
    { url: engine.url, credentials: { username: "me@corp", password: "p" }, apiAnchorPem: ca.cert },
    { clock: systemClock, log: silentLogger },
  );
  const rights = await hypervisor.readRights("me@corp", never);
  const rolesRead = engine.seen.filter(({ path }) => /\/roles\/[^/]*$/.test(path)).length;
  return { rights, rolesRead };
};

const rightsOf = async (...asked: Parameters<typeof askedOf>) => (await askedOf(...asked)).rights;

const held = {
  administrative: true,
  everywhere: ["login", "backup_disk"],
  narrow: [{ permit: "create_disk", on: "data_center D1" }],
};

test("permits of all roles are told, with the place where they hold when that is not everywhere", async () => {
  expect(await rightsOf([user("U1", "corp-authz")])).toEqual(held);
});

test("of several accounts of one name the one of our profile's directory is ours", async () => {
  expect(await rightsOf([user("U2", "internal-authz"), user("U1", "corp-authz")])).toEqual(held);
});

test("a directory of another name is ours when there is one account alone, and nobody's guess among several", async () => {
  expect(await rightsOf([user("U1", "directory.example")])).toEqual(held);
  expect(await rightsOf([user("U1", "directory.example"), user("U2", "internal-authz")])).toBeUndefined();
  expect(await rightsOf([])).toBeUndefined();
});

test("an engine that does not show an account its permissions is not guessed about", async () => {
  expect(await rightsOf([user("U1", "corp-authz")], { status: 404 })).toBeUndefined();
});

test("a role that is given on many objects is read once", async () => {
  const on = (id: string) => ({ role: { id: "R2" }, vm: { id } });
  const permission = ["V1", "V2", "V3"].map(on);
  const { rights, rolesRead } = await askedOf([user("U1", "corp-authz")], { status: 200, json: { permission } });
  expect(rights?.narrow.map((permit) => permit.on)).toEqual(["vm V1", "vm V2", "vm V3"]);
  expect(rolesRead).toBe(1);
});
