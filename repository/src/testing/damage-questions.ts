import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type {
  ListHurtResponse,
  PointHealth,
  PointSummary,
  VerifyPointResponse,
  VerifyRepositoryResponse,
} from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { recordHeaderSize } from "@holdfast/shared/format/record-header";
import { packHeaderSize } from "../store/pack-header.ts";
import { chunkPacks, flipByte } from "./damage.ts";
import type { TestServer } from "./test-server.ts";

/** Every point of a server, marked deleted or not, with its health. */
export const healthOf = async ({ client }: TestServer): Promise<readonly [string, PointHealth][]> => {
  const points: PointSummary[] = [];
  for await (const { point } of client.listPoints({ includeRemoved: true })) if (point) points.push(point);
  return points.map(({ pointId, health }) => [pointId, health]);
};

/** Has a server verify a point; its last word. */
export const verifyPoint = async (
  { client }: TestServer,
  pointId: string,
): Promise<VerifyPointResponse | undefined> => {
  let last;
  for await (const message of client.verifyPoint({ pointId })) last = message;
  return last;
};

/** Has a server verify its packs; its last word. */
export const verifyPacks = async ({ client }: TestServer, budgetBytes = 0n): Promise<VerifyRepositoryResponse> => {
  let last;
  for await (const message of client.verifyRepository({ budgetBytes })) last = message;
  if (!last) throw new Error("nothing was told");
  return last;
};

/** The hurt points with their ranges. */
export const listHurt = async ({
  client,
}: TestServer): Promise<readonly { readonly pointId: string; readonly damaged: ListHurtResponse["damaged"] }[]> => {
  const hurt = [];
  for await (const { point, damaged } of client.listHurt({})) hurt.push({ pointId: point?.pointId ?? "", damaged });
  return hurt;
};

/** How many records are in quarantine. */
export const quarantined = async ({ directory }: TestServer): Promise<number> => {
  const folder = join(directory, "quarantine");
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).length;
};

/** Flips a byte in the first chunk that was stored. */
export const damageFirstChunk = async ({ directory }: TestServer): Promise<void> => {
  const path = (await chunkPacks(directory)).toSorted()[0] ?? "";
  await flipByte(path, packHeaderSize + recordHeaderSize + 1000);
};
