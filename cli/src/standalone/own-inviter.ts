import { rm } from "node:fs/promises";
import { join } from "node:path";
import { IdentityService } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { hasCode } from "@holdfast/shared/errors/holdfast-error";
import { writeFileDurably } from "@holdfast/shared/identity/durable-file";
import { type Membership, readIdentityFolder } from "@holdfast/shared/identity/identity-folder";
import type { ServiceClient } from "@holdfast/shared/rpc/client-types";
import { slowCallMs, withService } from "../connection.ts";
import type { CliContext } from "../context.ts";
import type { Layout } from "./layout.ts";
import { targetOf } from "./own-target.ts";
import { readRepositoryId } from "./read-repository-id.ts";

/** What the agent of a standalone is called, and where it is deployed. */
export interface OwnAgent {
  readonly name: string;
  readonly manager: string;
  readonly cluster: string;
}

type OwnRole = "repository" | "agent";

/**
 * Invites the programs of a standalone: the answer is a file with a join token, private to its owner, so that nothing stands in a list of
 * processes or an environment; empty for a program that has joined. An agent that is to be elsewhere now joins anew.
 */
export const createOwnInviter =
  (context: CliContext, layout: Layout, agent: OwnAgent) =>
  async (role: OwnRole): Promise<string> => {
    const folder = role === "agent" ? layout.agentIdentityDir : layout.repositoryIdentityDir;
    const stored = await readIdentityFolder(folder);
    if (stored !== undefined && isAsWanted(stored.membership, agent)) return "";
    return await withService(context, targetOf(layout), IdentityService, async (client) => {
      const call = { signal: context.signal, timeoutMs: slowCallMs };
      if (stored !== undefined) {
        const { id } = stored.membership;
        await client.revokeMember({ role, member: id }, call).catch((caught: unknown) => {
          if (!hasCode(caught, "NOT_FOUND")) throw caught;
        });
        await rm(folder, { recursive: true });
      }
      const wish =
        role === "agent"
          ? { role, name: agent.name, managerName: agent.manager, clusterName: agent.cluster }
          : { role, name: "main", replacesRepositoryId: await formerRepository(client, layout, context.signal) };
      const { joinToken } = await client.invite({ ...wish, controllers: [layout.controllerAddress] }, call);
      const file = joinFileOf(layout, role);
      await writeFileDurably(file, `${joinToken}\n`, 0o600);
      return file;
    });
  };

/**
 * Id of the repository in the folder when the installation knows it already: its server lost its identity, as after a recovery, and
 * joins in its own place.
 */
const formerRepository = async (
  client: ServiceClient<typeof IdentityService>,
  { repositoryDir }: Layout,
  signal: AbortSignal,
): Promise<string> => {
  const id = await readRepositoryId(join(repositoryDir, "descriptor"));
  if (id === undefined) return "";
  const { members } = await client.listMembers({}, { signal, timeoutMs: slowCallMs });
  return members.some((member) => member.role === "repository" && member.id === id) ? id : "";
};

/** Removes join tokens that have done their work. */
export const forgetJoinTokens = async (layout: Layout): Promise<void> => {
  for (const role of ["repository", "agent"] as const) await rm(joinFileOf(layout, role), { force: true });
};

/** True unless it is an agent of another name or place. */
export const isAsWanted = (membership: Membership, { name, manager, cluster }: OwnAgent): boolean =>
  membership.role !== "agent" ||
  (membership.name === name && membership.managerName === manager && membership.clusterName === cluster);

const joinFileOf = ({ runDir }: Layout, role: OwnRole): string => join(runDir, `${role}.join`);
