import { readFile } from "node:fs/promises";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import type { CliContext } from "../context.ts";

/** The password from a file (its first line), from the environment variable HOLDFAST_PASSWORD, or asked on the terminal. */
export const takePassword = async (context: CliContext, file: string | undefined, user: string): Promise<string> => {
  if (file !== undefined) return firstLine(await readFile(file, "utf8"));
  const fromEnvironment = context.env["HOLDFAST_PASSWORD"];
  if (fromEnvironment !== undefined) return fromEnvironment;
  if (context.askSecret === undefined) {
    throw new HoldfastError(
      "INVALID_ARGUMENT",
      "no password: give --password-file FILE or the variable HOLDFAST_PASSWORD",
    );
  }
  return await context.askSecret(`Password of ${user}: `);
};

const firstLine = (text: string): string => text.split("\n", 1)[0]?.replace(/\r$/, "") ?? "";
