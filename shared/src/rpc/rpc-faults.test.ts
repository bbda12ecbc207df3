import { Client, Metadata } from "@grpc/grpc-js";
import { Health, HealthCheckResponse_ServingStatus as Status } from "@holdfast/proto/grpc/health/v1/health_pb";
import { Behaviour, ContractService } from "@holdfast/proto/holdfast/contract/v1/contract_pb";
import { execFile } from "node:child_process";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { type ChildProcess, startProcess } from "../process/child-process.ts";
import { testInstallation } from "../identity/testing/test-installation.ts";
import { openRpcClient, type RpcClientOptions } from "./client.ts";
import { clientCredentials } from "./credentials.ts";
import { maxMessageBytes, maxPayloadBytes } from "./limits.ts";
import { openContractPair } from "./testing/contract-pair.ts";
import { openDelayingProxy } from "./testing/delaying-proxy.ts";

const { identity } = await testInstallation();
const credentials = clientCredentials(await identity("agent", "a1"), { role: "repository" });
const dial = (address: string, options?: RpcClientOptions) => openRpcClient(address, credentials, options);
const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 5 });

const openServerProcess = async (): Promise<{ readonly child: ChildProcess; readonly address: string }> => {
  const main = fileURLToPath(new URL("testing/contract-server-main.ts", import.meta.url));
  const child = await startProcess({
    name: "contract",
    command: process.execPath,
    args: ["--conditions=source", main],
    env: { ...process.env, CONTRACT_IDENTITY: JSON.stringify(await identity("repository", "r1")) },
    graceMs: 5_000,
  });
  const { address = "" } = await child.ready(20_000);
  return { child, address };
};

async function* endless(sizeBytes: number) {
  for (;;) yield { payload: new Uint8Array(sizeBytes) };
}

describe("a long line", () => {
  it("carries at least 1 MiB of an upload at a time", async () => {
    await using pair = await openContractPair();
    await using proxy = await openDelayingProxy(pair.server.address, 20);
    await using client = dial(proxy.address);
    async function* requests() {
      for (let sent = 0; sent < 64; sent += 1) yield { payload: new Uint8Array(maxPayloadBytes) };
    }

    const answer = await client.service(ContractService).collect(requests());

    expect(answer.messages).toBe(64);
    expect(proxy.mostUpBytes).toBeGreaterThan(1024 * 1024);
  });

  it("that breaks fails every kind of call with UNAVAILABLE, and the next call mends it", async () => {
    await using pair = await openContractPair();
    await using proxy = await openDelayingProxy(pair.server.address, 0);
    await using client = dial(proxy.address);
    const contract = client.service(ContractService);
    await contract.echo({ text: "x" });

    const broken = [
      contract.echo({ behaviour: Behaviour.WAIT }),
      Array.fromAsync(contract.produce({ count: 1, behaviour: Behaviour.WAIT })),
      contract.collect(endless(1_000)),
      Array.fromAsync(
        contract.converse(
          (async function* () {
            yield { behaviour: Behaviour.WAIT };
            await new Promise(() => {});
          })(),
        ),
      ),
    ].map((call) => expect(call).rejects.toMatchObject({ code: "UNAVAILABLE" }));
    await until(() => expect(pair.record.collected).toBeGreaterThan(10));
    await contract.echo({ text: "everything before this has arrived" });
    proxy.cut();

    await Promise.all(broken);
    await until(() => expect(pair.record.aborts.length).toBeGreaterThanOrEqual(3));
    await client.ready(10_000);
    await expect(contract.echo({ text: "again" })).resolves.toMatchObject({ text: "again" });
  });
});

describe("a server in a process of its own", () => {
  it("that is killed in mid-stream gives an error, never a hang", async () => {
    const { child, address } = await openServerProcess();
    await using _ = child;
    await using client = dial(address);
    const contract = client.service(ContractService);
    const received = Promise.withResolvers<void>();
    const reading = (async () => {
      for await (const answer of contract.produce({ count: 1, behaviour: Behaviour.WAIT }))
        if (answer) received.resolve();
    })();
    const broken = [reading, contract.collect(endless(50_000))].map((call) =>
      expect(call).rejects.toMatchObject({ code: "UNAVAILABLE" }),
    );

    await received.promise;
    child.kill("SIGKILL");

    await Promise.all(broken);
    await expect(contract.echo({ text: "x" })).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  it("that is stopped is noticed by keepalive", async () => {
    const { child, address } = await openServerProcess();
    await using _ = child;
    await using client = dial(address, { keepalive: { timeMs: 100, timeoutMs: 200 } });
    const contract = client.service(ContractService);
    const received = Promise.withResolvers<void>();
    const reading = (async () => {
      for await (const answer of contract.produce({ count: 1, behaviour: Behaviour.WAIT }))
        if (answer) received.resolve();
    })();
    const refused = reading.catch((caught: unknown) => caught);

    await received.promise;
    child.kill("SIGSTOP");

    expect(await refused).toMatchObject({ code: "UNAVAILABLE" });
  });

  it("ends on SIGTERM with exit code 0 and tells its callers", async () => {
    const { child, address } = await openServerProcess();
    await using _ = child;
    await using client = dial(address);
    await client.ready(10_000);
    const waiting = client.service(ContractService).echo({ behaviour: Behaviour.WAIT });
    const refused = waiting.catch((caught: unknown) => caught);
    await client.service(ContractService).echo({ text: "everything before this has arrived" });

    expect(await child.stop()).toEqual({ code: 0, signal: null });
    expect(await refused).toMatchObject({ code: "UNAVAILABLE" });
  });
});

describe("a server that stops", () => {
  it("lets calls under way end within its grace", async () => {
    const pair = await openContractPair({ drainMs: 5_000 });
    const gate = Promise.withResolvers<void>();
    async function* requests() {
      yield { text: "a" };
      await gate.promise;
      yield { text: "b" };
    }
    const heard: string[] = [];
    const talking = (async () => {
      for await (const { text } of pair.contract.converse(requests())) heard.push(text);
    })();
    await until(() => expect(heard).toEqual(["A"]));

    const closing = pair.server[Symbol.asyncDispose]();
    gate.resolve();

    await talking;
    await closing;
    expect(heard).toEqual(["A", "B"]);
    await expect(pair.contract.echo({ text: "late" })).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await pair[Symbol.asyncDispose]();
  });

  it("listens on the address that a name resolves to", async () => {
    await using pair = await openContractPair({ listen: "localhost:0" });
    expect(pair.server.address).toMatch(/^127\.0\.0\.1:\d+$|^\[::1\]:\d+$/);
  });

  it("that never was is UNAVAILABLE at once, and a port in use cannot be listened on", async () => {
    await using pair = await openContractPair();
    await expect(openContractPair({ listen: pair.server.address })).rejects.toMatchObject({ code: "UNAVAILABLE" });
    const { address } = pair.server;
    await pair.server[Symbol.asyncDispose]();
    await using client = dial(address);

    await expect(client.service(ContractService).echo({ text: "x" })).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await expect(client.ready(50)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });
});

describe("a stranger", () => {
  it("with a message above the limit is refused with a code", async () => {
    await using pair = await openContractPair();
    const asIs = (bytes: Buffer): Buffer => bytes;
    using client = Object.assign(new Client(pair.server.address, credentials.channel), {
      [Symbol.dispose](this: Client) {
        this.close();
      },
    });

    const failure = await new Promise<unknown>((resolve) => {
      const path = "/holdfast.contract.v1.ContractService/Echo";
      client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(maxMessageBytes + 1), new Metadata(), resolve);
    });

    expect(failure).toMatchObject({ code: 8 });
  });

  it("that asks for a service that is not here is told UNIMPLEMENTED", async () => {
    await using pair = await openContractPair({ services: [] });

    await expect(pair.contract.echo({ text: "x" })).rejects.toMatchObject({ code: "UNIMPLEMENTED" });
  });

  it("discovers the services and calls one by reflection alone", async () => {
    await using pair = await openContractPair();
    const url = `https://${pair.server.address}`;
    const buf = fileURLToPath(new URL("../../../node_modules/.bin/buf", import.meta.url));
    await using folder = await mkdtempDisposable(join(tmpdir(), "hf-curl-"));
    const { caPem, certificatePem, keyPem } = await identity("agent", "a1");
    const files = { cacert: caPem, cert: certificatePem, key: keyPem };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder.path, name), text);
    const proof = Object.keys(files).map((name) => `--${name}=${join(folder.path, name)}`);
    const curl = (...args: string[]) => promisify(execFile)(buf, ["curl", "--protocol", "grpc", ...proof, ...args]);

    const listed = await curl("--list-services", url);
    const called = await curl("-d", '{"text":"hi"}', `${url}/holdfast.contract.v1.ContractService/Echo`);
    const health = await curl("-d", "{}", `${url}/grpc.health.v1.Health/Check`);

    expect(listed.stdout.trim().split("\n").sort()).toEqual([
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "holdfast.contract.v1.ContractService",
    ]);
    expect(JSON.parse(called.stdout)).toMatchObject({ text: "hi" });
    expect(JSON.parse(health.stdout)).toEqual({ status: "SERVING" });
  });

  it("learns the health of a service and its changes", async () => {
    await using pair = await openContractPair();
    const health = pair.client.service(Health);
    const name = ContractService.typeName;
    const seen: Status[] = [];

    for await (const { status } of health.watch({ service: name })) {
      seen.push(status);
      if (seen.length === 1) pair.server.setServing(false, name);
      else break;
    }

    expect(seen).toEqual([Status.SERVING, Status.NOT_SERVING]);
    await expect(health.check({ service: name })).resolves.toMatchObject({ status: Status.NOT_SERVING });
    await expect(health.check({ service: "none" })).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await health.list({})).statuses[""]?.status).toBe(Status.SERVING);
  });

  it("that watches health does not hold up a server that stops", async () => {
    const pair = await openContractPair({ drainMs: 60_000 });
    const watching = Array.fromAsync(pair.client.service(Health).watch({}));
    await pair.contract.echo({ text: "everything before this has arrived" });

    await pair.server[Symbol.asyncDispose]();

    expect((await watching).map(({ status }) => status)).toEqual([Status.SERVING, Status.NOT_SERVING]);
    await pair[Symbol.asyncDispose]();
  });
});
