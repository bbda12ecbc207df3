import { RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { Origin } from "@holdfast/shared/format/manifest-schema";
import type { Identity, IdentityHolder } from "@holdfast/shared/identity/identity";
import { type TaskClaims, taskTokenHeader } from "@holdfast/shared/identity/task-token";
import { testInstallation } from "@holdfast/shared/identity/testing/test-installation";
import { trustNumberHeader } from "@holdfast/shared/identity/trust-number";
import { openRpcClient } from "@holdfast/shared/rpc/client";
import type { CallOptions, ServiceClient } from "@holdfast/shared/rpc/client-types";
import { clientCredentials } from "@holdfast/shared/rpc/credentials";

/** The calls of a repository. */
export type RepositoryClient = ServiceClient<typeof RepositoryService>;

/** The installation that test repositories belong to. */
export const installation = await testInstallation();

/** Who calls them. */
export const callers = {
  controller: await installation.identity("controller", "main"),
  agent: await installation.identity("agent", "a1"),
};

/** Calls of one caller, whose identity may be renewed, over a connection of its own, with these headers in each. */
export const connectAs = (
  address: string,
  identity: Identity | Pick<IdentityHolder, "current">,
  metadata: Readonly<Record<string, string>> = {},
): { readonly client: RepositoryClient } & AsyncDisposable => {
  const credentials = clientCredentials(identity, { role: "repository" });
  const rpc = openRpcClient(address, credentials, { metadata: () => metadata });
  return { client: rpc.service(RepositoryService), [Symbol.asyncDispose]: () => rpc[Symbol.asyncDispose]() };
};

/** Tokens by the uploads and readings that they opened. */
const tokens = new Map<string, string>();

/**
 * A client that calls as whoever may: a controller, or an agent with a token for what it asks. What an upload or a reading was opened
 * with is shown with every call that names it. With an origin its uploads are copies of that.
 */
export const connect = (
  address: string,
  asAgent: Identity = callers.agent,
  origin?: Origin,
): { readonly client: RepositoryClient } & AsyncDisposable => {
  const { client: controller, ...controllerEnd } = connectAs(address, callers.controller, {
    [trustNumberHeader]: "1000",
  });
  const { client: agent, ...agentEnd } = connectAs(address, asAgent);
  let known: Promise<string> | undefined;
  const repositoryId = (): Promise<string> =>
    (known ??= controller.getRepository({}).then((answer) => answer.repositoryId));
  const mint = async (claims: Partial<TaskClaims>): Promise<string> =>
    installation.token(asAgent, { repositoryId: await repositoryId(), ...claims });
  const showing = (options: CallOptions | undefined, token: string): CallOptions => ({
    ...options,
    metadata: { [taskTokenHeader]: token },
  });
  const tokenOf = async (id: string, operation: "backup" | "restore"): Promise<string> =>
    tokens.get(id) ?? (await mint({ operation, attemptId: "none", pointId: "none" }));

  const client: RepositoryClient = {
    getRepository: controller.getRepository,
    updateTrust: controller.updateTrust,
    examine: controller.examine,
    fence: controller.fence,
    listPoints: controller.listPoints,
    getPoint: controller.getPoint,
    removePoint: controller.removePoint,
    verifyPoint: controller.verifyPoint,
    putConfiguration: controller.putConfiguration,
    listConfigurations: controller.listConfigurations,
    getConfiguration: controller.getConfiguration,
    getTrust: controller.getTrust,
    protectPoint: controller.protectPoint,
    undeletePoint: controller.undeletePoint,
    confirmClock: controller.confirmClock,
    verifyRepository: controller.verifyRepository,
    listHurt: controller.listHurt,
    getStatistics: controller.getStatistics,
    collectGarbage: controller.collectGarbage,
    getKeys: controller.getKeys,
    putKeys: controller.putKeys,
    async *readUnchecked(request, options) {
      yield* agent.readUnchecked(request, showing(options, await tokenOf(request.uploadId ?? "", "backup")));
    },
    vouch: async (request, options) =>
      await agent.vouch(request, showing(options, await tokenOf(request.uploadId ?? "", "backup"))),
    async *openUpload(request, options) {
      const { attempt, vm } = request;
      const token = await mint({
        ...backupOf(attempt),
        ...copyOf(origin),
        engineInstanceId: vm?.engineInstanceId ?? "",
        vmId: vm?.vmId ?? "",
      });
      for await (const answer of agent.openUpload(request, showing(options, token))) {
        if (answer.event.case === "opened") tokens.set(answer.event.value.uploadId, token);
        yield answer;
      }
    },
    findMissing: async (request, options) =>
      await agent.findMissing(request, showing(options, await tokenOf(request.uploadId ?? "", "backup"))),
    async *putRecords(requests, options) {
      const { first, all } = await peek(requests);
      const id = first?.part?.case === "uploadId" ? first.part.value : "";
      yield* agent.putRecords(all, showing(options, await tokenOf(id, "backup")));
    },
    commit: async (requests, options) => {
      const { first, all } = await peek(requests);
      const start = first?.part?.case === "start" ? first.part.value : undefined;
      const token = tokens.get(start?.uploadId ?? "") ?? (await mint(backupOf(start?.attempt)));
      return await agent.commit(all, showing(options, token));
    },
    async *openReading(request, options) {
      const token = await mint({ operation: "restore", pointId: request.pointId ?? "" });
      for await (const answer of agent.openReading(request, showing(options, token))) {
        tokens.set(answer.readingId, token);
        yield answer;
      }
    },
    async *readDisk(requests, options) {
      const { first, all } = await peek(requests);
      const id = first?.part?.case === "start" ? (first.part.value.readingId ?? "") : "";
      yield* agent.readDisk(all, showing(options, await tokenOf(id, "restore")));
    },
    async *readLeaves(request, options) {
      const { holder } = request;
      const isUpload = holder?.case === "uploadId";
      const token = await tokenOf(holder?.value ?? "", isUpload ? "backup" : "restore");
      yield* agent.readLeaves(request, showing(options, token));
    },
  };
  return {
    client,
    [Symbol.asyncDispose]: async () => {
      await controllerEnd[Symbol.asyncDispose]();
      await agentEnd[Symbol.asyncDispose]();
    },
  };
};

interface AttemptWords {
  readonly taskId?: string | undefined;
  readonly number?: number | undefined;
  readonly attemptId?: string | undefined;
}

const copyOf = (origin: Origin | undefined): Partial<TaskClaims> =>
  origin === undefined ? {} : { operation: "copy", originRepositoryId: origin.repositoryId, pointId: origin.pointId };

const backupOf = ({ taskId = "", number = 0, attemptId = "" }: AttemptWords = {}): Partial<TaskClaims> => ({
  operation: "backup",
  taskId,
  attemptNumber: number,
  attemptId,
});

/** The first of a stream of messages, and the whole stream. */
const peek = async <T>(
  messages: AsyncIterable<T>,
): Promise<{ readonly first: T | undefined; readonly all: AsyncIterable<T> }> => {
  const iterator = messages[Symbol.asyncIterator]();
  const first = await iterator.next();
  const all = (async function* () {
    try {
      for (let next = first; next.done !== true; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  })();
  return { first: first.done === true ? undefined : first.value, all };
};
