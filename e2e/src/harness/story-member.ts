import { createPrivateKey, randomUUID, sign } from "node:crypto";
import { join } from "node:path";
import {
  IdentityService,
  type InviteRequestSchema,
  type RenewResponse,
} from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Bus } from "@holdfast/shared/bus/bus";
import { busCredentials } from "@holdfast/shared/bus/credentials";
import { openBus } from "@holdfast/shared/bus/nats-bus";
import { systemClock } from "@holdfast/shared/clock/clock";
import { Secret } from "@holdfast/shared/config/secret";
import { callController } from "@holdfast/shared/identity/ask-controller";
import { requestRenewal } from "@holdfast/shared/identity/certificates";
import { renewalText } from "@holdfast/shared/identity/keep-renewed";
import { holdIdentity, type Identity } from "@holdfast/shared/identity/identity";
import type { BusKey, StoredIdentity } from "@holdfast/shared/identity/identity-folder";
import { type JoiningRole, joinInstallation } from "@holdfast/shared/identity/join-installation";
import { randomName } from "@holdfast/shared/ids/ids";
import { type MemoryLogger, memoryLogger } from "@holdfast/shared/logging/memory-logger";
import type { Installation } from "./installation.ts";

/** Has an administrator make a join token, and answers the token itself. */
export const joinTokenFor = async (
  { api }: Pick<Installation, "api">,
  request: MessageInitShape<typeof InviteRequestSchema>,
): Promise<string> => (await api.service(IdentityService).invite(request, { timeoutMs: 30_000 })).joinToken;

/** Joins as a program does, with the story in its place; a repository joins under an id of nobody's. */
export const joinAs = async (
  { dir }: Pick<Installation, "dir">,
  role: JoiningRole,
  joinToken: string,
): Promise<StoredIdentity> => {
  const folder = join(dir, `${randomName(8)}-identity`);
  const repositoryId = role === "repository" ? randomUUID() : "";
  const said = { name: "", managerName: "ovirt", clusterName: "east", repositoryId };
  const request = { role, joinToken: new Secret(joinToken), folder, said };
  return await joinInstallation(request, { clock: systemClock, log: memoryLogger() }, AbortSignal.timeout(30_000));
};

/** An agent of the installation that is no process: the story plays it. */
export const joinAgent = async (
  installation: Pick<Installation, "api" | "dir">,
  name: string,
): Promise<StoredIdentity> =>
  await joinAs(
    installation,
    "agent",
    await joinTokenFor(installation, { role: "agent", name, managerName: "ovirt", clusterName: "east" }),
  );

/** Renews an identity as its holder does; the new certificate is not kept anywhere. */
export const renewAt = async (
  { joinAddress }: Pick<Installation, "joinAddress">,
  identity: Identity,
): Promise<RenewResponse> => {
  const requestPem = await requestRenewal(identity.keyPem);
  const askedMs = systemClock.nowMs();
  const signature = sign("sha256", Buffer.from(renewalText(askedMs, requestPem)), createPrivateKey(identity.keyPem));
  const { certificatePem } = identity;
  const asked = { certificatePem, requestPem, askedMs: BigInt(askedMs), signature };
  return await callController(joinAddress, identity, (calls) => calls.renew(asked, { timeoutMs: 30_000 }));
};

/** How somebody comes onto the bus. */
export interface BusVisit {
  readonly identity: Identity;
  readonly busKey: BusKey | undefined;
  readonly ownerId: string;
  readonly log?: MemoryLogger;
  /** Milliseconds to try. */
  readonly withinMs?: number;
}

/** Connects to the installation's bus; UNAVAILABLE for whom it does not let in. */
export const openBusAs = async (
  { nats }: Pick<Installation, "nats">,
  { identity, busKey, ownerId, log = memoryLogger(), withinMs = 60_000 }: BusVisit,
): Promise<Bus> => {
  if (busKey === undefined) throw new Error("no key of the bus");
  const credentials = busCredentials(holdIdentity(identity), busKey);
  const { address } = nats.ready;
  return await openBus({
    servers: [String(address)],
    credentials,
    name: "story",
    ownerId,
    log,
    connectTimeoutMs: withinMs,
  });
};
