import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import { beforeAll, expect, test } from "vitest";
import { type Said, startLocalEngine } from "./testing/local-engine.ts";
import { type EngineTrust, makeEngineTrust, apiCalls, ok, openClient, password } from "./testing/open-client.ts";

const never = new AbortController().signal;
let trust: EngineTrust;
beforeAll(async () => {
  trust = await makeEngineTrust();
});

test("a login is asked for as engines want it, and its token used for everything after", async () => {
  await using engine = await startLocalEngine(trust.certificate, () => ok);
  await using hypervisor = openClient(trust, engine);
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
  await using engine = await startLocalEngine(trust.certificate, () => ok);
  await using hypervisor = openClient(trust, engine);
  await Promise.all(Array.from({ length: 6 }, () => hypervisor.identify(never)));
  expect(engine.logins()).toBe(1);
});

test("a token that the engine dropped costs one new login and the request once more", async () => {
  await using engine = await startLocalEngine(trust.certificate, ({ headers }) =>
    headers.authorization === "Bearer token-1" ? { status: 401, text: "<html>401</html>" } : ok,
  );
  await using hypervisor = openClient(trust, engine);
  await hypervisor.identify(never);
  expect(engine.logins()).toBe(2);
  expect(apiCalls(engine)).toHaveLength(2);
});

test("an engine that refuses even a new token is asked no third time, but again by the next call", async () => {
  await using engine = await startLocalEngine(trust.certificate, (_, count) =>
    count <= 2 ? { status: 401, text: "<html>401</html>" } : ok,
  );
  await using hypervisor = openClient(trust, engine);
  await expect(hypervisor.identify(never)).rejects.toMatchObject({ code: "ENGINE_FORBIDDEN" });
  expect(engine.logins()).toBe(2);
  expect(apiCalls(engine)).toHaveLength(2);
  await hypervisor.identify(never);
});

test("R14: a wrong password is sent once, whoever asks, until new credentials are given", async () => {
  const refusal = { error_code: "access_denied", error: "Cannot authenticate user 'admin@internal'" };
  const login = (count: number): Said =>
    count === 1 ? { status: 400, json: refusal } : { status: 200, json: { access_token: "t" } };
  await using engine = await startLocalEngine(trust.certificate, () => ok, login);
  await using hypervisor = openClient(trust, engine);

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
  await using engine = await startLocalEngine(trust.certificate, () => ok);
  await using hypervisor = openClient(trust, engine, { loginState: { state: "credentials-refused", reason: "wrong" } });
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
  await using engine = await startLocalEngine(trust.certificate, () => ok, login);
  await using hypervisor = openClient(trust, engine);
  await expect(hypervisor.identify(never)).rejects.toMatchObject({ code: "ENGINE_FAULT" });
  expect(hypervisor.loginState()).toEqual({ state: "not-logged-in" });
  await hypervisor.identify(never);
});
