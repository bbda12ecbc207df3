import { readFile } from "node:fs/promises";
import { ApiClient } from "../simulator/testing/api-client.ts";
import { type Lab, labUser } from "./lab.ts";

/** Has an administrator of the engine, beside Holdfast, cancel every transfer of a disk; answers how many. */
export const cancelTransfersOf = async (lab: Lab, diskId: string): Promise<number> => {
  const { addresses } = lab;
  await using client = new ApiClient({ addresses, apiCa: await readFile(addresses.apiCaFile, "utf8") });
  await client.login(labUser.name, labUser.password);
  const rows: readonly { id: string; phase: string; image?: { id: string } }[] =
    (await client.get("/imagetransfers")).json.image_transfer ?? [];
  const ours = rows.filter(({ phase, image }) => phase === "transferring" && image?.id === diskId);
  for (const { id } of ours) await client.post(`/imagetransfers/${id}/cancel`);
  return ours.length;
};
