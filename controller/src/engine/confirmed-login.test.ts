import { beforeAll, expect, test } from "vitest";
import { type LocalEngine, startLocalEngine } from "./testing/local-engine.ts";
import { type EngineTrust, apiCalls, makeEngineTrust, ok, openClient, root } from "./testing/open-client.ts";

const never = new AbortController().signal;
let trust: EngineTrust;
beforeAll(async () => {
  trust = await makeEngineTrust();
});

const vms = { status: 200, json: { vm: [] } };

/** An engine that says this id, and takes the tokens that it gave since `forget` alone. */
const startEngine = async (says: { instanceId: string; isForgetful?: boolean }): Promise<LocalEngine> =>
  startLocalEngine(trust.certificate, ({ path }) => {
    if (says.isForgetful === true) {
      says.isForgetful = false;
      return { status: 401, text: "" };
    }
    return path.endsWith("/api") ? { status: 200, json: { ...root, instance_id: says.instanceId } } : vms;
  });

const paths = (engine: LocalEngine): readonly string[] =>
  apiCalls(engine).map(({ method, path }) => `${method} ${path.replace("/ovirt-engine/api", "")}`);

test("the expected engine is asked once who it is, before anything else", async () => {
  await using engine = await startEngine({ instanceId: "I1" });
  await using hypervisor = openClient(trust, engine, { instanceId: "I1" });
  await Promise.all([hypervisor.startVm("V", never), hypervisor.startVm("W", never)]);
  expect(paths(engine).toSorted()).toEqual(["GET ", "POST /vms/V/start", "POST /vms/W/start"]);
  expect(paths(engine)[0]).toBe("GET ");
});

test("another engine is asked nothing but who it is, and both ids are told", async () => {
  await using engine = await startEngine({ instanceId: "I2" });
  await using hypervisor = openClient(trust, engine, { instanceId: "I1" });
  for (let again = 0; again < 2; again += 1) {
    await expect(hypervisor.startVm("V", never)).rejects.toMatchObject({
      code: "MANAGER_REPLACED",
      retryable: false,
      message: expect.stringMatching(/I2.*I1/) as unknown,
      details: { expectedId: "I1", foundId: "I2" },
    });
  }
  expect(new Set(paths(engine))).toEqual(new Set(["GET "]));
});

test("an engine that is replaced while it is connected is noticed with its first new token", async () => {
  const says = { instanceId: "I1", isForgetful: false };
  await using engine = await startEngine(says);
  await using hypervisor = openClient(trust, engine);
  expect(await hypervisor.identify(never)).toMatchObject({ instanceId: "I1" });
  await hypervisor.startVm("V", never);

  says.instanceId = "I2";
  says.isForgetful = true;
  await expect(hypervisor.startVm("W", never)).rejects.toMatchObject({ code: "MANAGER_REPLACED" });
  expect(paths(engine)).toEqual(["GET ", "POST /vms/V/start", "POST /vms/W/start", "GET "]);

  says.instanceId = "I1";
  await hypervisor.startVm("W", never);
  expect(paths(engine).slice(4)).toEqual(["GET ", "POST /vms/W/start"]);
});

test("a token that ended while another engine was there costs one new login", async () => {
  const says = { instanceId: "I2", isForgetful: false };
  await using engine = await startEngine(says);
  await using hypervisor = openClient(trust, engine, { instanceId: "I1" });
  await expect(hypervisor.startVm("V", never)).rejects.toMatchObject({ code: "MANAGER_REPLACED" });
  says.instanceId = "I1";
  says.isForgetful = true;
  await hypervisor.startVm("V", never);
  expect(engine.logins()).toBe(2);
});

test("an answer that does not say who it is proves nothing", async () => {
  await using engine = await startLocalEngine(trust.certificate, ({ path }) =>
    path.endsWith("/api") ? { status: 200, json: {} } : ok,
  );
  await using hypervisor = openClient(trust, engine, { instanceId: "I1" });
  await expect(hypervisor.startVm("V", never)).rejects.toMatchObject({ code: "ENGINE_PROTOCOL" });
});
