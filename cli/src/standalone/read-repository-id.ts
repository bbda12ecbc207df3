import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { readIfThere } from "@holdfast/shared/files/read-if-there";
import { z } from "zod";

/** The first line of a repository's descriptor (repository-format.md §1.1), as far as it is needed here. */
const descriptorSchema = z.object({ kind: z.literal("descriptor"), repositoryId: z.string() });

/**
 * Id of the repository of a descriptor; undefined where there is none. REPOSITORY_DAMAGED for one that cannot be understood: a repository
 * that is taken for none would be given a new place in the installation.
 */
export const readRepositoryId = async (path: string): Promise<string | undefined> => {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  const [line = ""] = text.split("\n");
  try {
    return descriptorSchema.parse(JSON.parse(line)).repositoryId;
  } catch (cause) {
    throw new HoldfastError("REPOSITORY_DAMAGED", `${path} is no descriptor of a repository`, { cause });
  }
};
