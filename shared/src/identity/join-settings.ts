import { z } from "zod";
import { readSecretFile, Secret } from "../config/secret.ts";

/** The settings by which a process is given a join token; part of its configuration. */
export const joinSettings = {
  /** The join token itself; used only while there is no identity. */
  joinToken: z
    .string()
    .optional()
    .transform((text) => (text === undefined || text === "" ? undefined : new Secret(text))),
  /** A file that holds it, private to its owner. */
  joinTokenFile: z.string().default(""),
};

/** Where a join token is to be had. */
export interface JoinSettings {
  readonly joinToken?: Secret | undefined;
  readonly joinTokenFile: string;
}

/** The join token that a process was given; undefined for none. CONFIG_INVALID when its file cannot be read or is open to others. */
export const readJoinToken = async ({ joinToken, joinTokenFile }: JoinSettings): Promise<Secret | undefined> => {
  if (joinToken !== undefined) return joinToken;
  return joinTokenFile === "" ? undefined : await readSecretFile(joinTokenFile);
};
