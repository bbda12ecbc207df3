import { createPrivateKey, sign } from "node:crypto";
import { cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type HelloResponse,
  HelloRequestSchema,
  HelloResponseSchema,
} from "@holdfast/proto/holdfast/agent/v1/agent_pb";
import { IdentityService, type RenewResponse } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import type { Bus } from "@holdfast/shared/bus/bus";
import { busCredentials } from "@holdfast/shared/bus/credentials";
import { openBus } from "@holdfast/shared/bus/nats-bus";
import { agentSubject } from "@holdfast/shared/bus/subjects";
import { busRequest } from "@holdfast/shared/bus/typed";
import { systemClock } from "@holdfast/shared/clock/clock";
import { Secret } from "@holdfast/shared/config/secret";
import { requestRenewal } from "@holdfast/shared/identity/certificates";
import { renewalText } from "@holdfast/shared/identity/keep-renewed";
import { type OpenMembership, openMembership } from "@holdfast/shared/identity/open-membership";
import { type MemoryLogger, memoryLogger } from "@holdfast/shared/logging/memory-logger";
import type { RpcClient } from "@holdfast/shared/rpc/client";
import { productVersion } from "@holdfast/shared/version/product-version";
import { controllerConfigSchema } from "../config/controller-config.ts";
import { type Controller, createController } from "../create-controller.ts";
import type { TestInstallationFolder } from "./open-test-installation.ts";
import { scriptedEngines, testInventory, testVm } from "./scripted-engine.ts";

type Settings = Readonly<Record<string, unknown>>;

/** What joiners of the stage say of themselves. */
export const said = { name: "its own name", managerName: "its own manager", clusterName: "its own cluster" };

/** A whole controller in a folder of its own, on a shared installation, that members join, leave and are taken from. */
export class MemberStage implements AsyncDisposable {
  readonly log: MemoryLogger = memoryLogger();
  readonly #home: TestInstallationFolder;
  readonly folder: string;
  #running: { readonly controller: Controller; readonly client: RpcClient } | undefined;
  #joined = 0;

  private constructor(home: TestInstallationFolder, folder: string) {
    this.#home = home;
    this.folder = folder;
  }

  static async open(home: TestInstallationFolder): Promise<MemberStage> {
    const stage = new MemberStage(home, await mkdtemp(join(tmpdir(), "hf-mem-")));
    await cp(join(home.dataDir, "identity"), join(stage.folder, "identity"), { recursive: true });
    await stage.start();
    return stage;
  }

  /** Starts the controller, again after `stop`. */
  async start(settings: { readonly identity?: Settings; readonly listen?: string } = {}): Promise<void> {
    const { identity = {}, listen = "127.0.0.1:0" } = settings;
    const config = controllerConfigSchema.parse({
      dataDir: this.folder,
      rpc: { listen },
      bus: { servers: [this.#home.nats.url] },
      identity,
    });
    const engines = scriptedEngines(testInventory([testVm("one", "c1")]));
    const controller = await createController(config, this.log, { engines });
    this.#running = { controller, client: this.#home.dial(controller.address) };
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.client[Symbol.asyncDispose]();
    await running?.controller[Symbol.asyncDispose]();
  }

  /** Loses the database of a stopped controller. */
  async loseDatabase(): Promise<void> {
    for (const name of await readdir(this.folder))
      if (name.startsWith("controller.db")) await rm(join(this.folder, name));
  }

  /** Loses what the identity folder of a stopped controller says of members. */
  loseLedger(): Promise<void> {
    return rm(join(this.folder, "identity", "members.json"));
  }

  get address(): string {
    return this.#now.controller.address;
  }

  get client(): RpcClient {
    return this.#now.client;
  }

  get #now() {
    if (this.#running === undefined) throw new Error("the controller of this stage is stopped");
    return this.#running;
  }

  identityCalls() {
    return this.client.service(IdentityService);
  }

  /** A join token of an agent. */
  async inviteAgent(wish: object = {}): Promise<string> {
    return (await this.identityCalls().invite({ role: "agent", ...wish })).joinToken;
  }

  join(token: string, role: "agent" | "repository" = "agent", repositoryId = ""): Promise<OpenMembership> {
    const folder = join(this.folder, `member-${(this.#joined += 1)}`);
    const joinBy = { joinToken: new Secret(token), joinTokenFile: "" };
    return openMembership(
      { role, folder, joinBy, said: { ...said, repositoryId } },
      { clock: systemClock, log: this.log },
      systemClock.timeout(10_000),
    );
  }

  /** A member's connection to the bus; UNAVAILABLE for one that is not let in, after these milliseconds. */
  busOf({ holder, busKey, membership }: OpenMembership, withinMs = 15_000): Promise<Bus> {
    return openBus({
      servers: [this.#home.nats.url],
      credentials: busCredentials(holder, busKey ?? { jwt: "", seed: "" }),
      name: "agent",
      ownerId: membership.id,
      log: this.log,
      connectTimeoutMs: withinMs,
    });
  }

  async renew({ holder, busKey }: OpenMembership, askedMs = systemClock.nowMs()): Promise<RenewResponse> {
    const { certificatePem, keyPem } = holder.current;
    const requestPem = await requestRenewal(keyPem);
    const signature = sign("sha256", Buffer.from(renewalText(askedMs, requestPem)), createPrivateKey(keyPem));
    const asked = { certificatePem, requestPem, askedMs: BigInt(askedMs), signature, busJwt: busKey?.jwt ?? "" };
    return await this.identityCalls().renew(asked);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true });
  }
}

/** One hello of an agent, on its own connection. */
export const hello = (
  bus: Bus,
  agentId: string,
  facts: MessageInitShape<typeof HelloRequestSchema> = {},
): Promise<HelloResponse> =>
  busRequest(
    bus,
    { subject: agentSubject(agentId, "hello"), request: HelloRequestSchema, response: HelloResponseSchema },
    {
      v: 1,
      agentId,
      name: "said",
      managerName: "said",
      incarnation: "l1",
      version: productVersion,
      slots: 1,
      ...facts,
    },
    { timeoutMs: 3_000 },
  );
