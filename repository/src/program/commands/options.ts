import { type Command, Option } from "commander";
import { formats } from "../output.ts";

/** `-o table|json`. */
export const formatOption = (): Option =>
  new Option("-o, --output <format>", "how the result is shown").choices(formats).default("table");

/** `--index FILE`. */
export const indexOption = (): Option =>
  new Option("--index <file>", "keep the index in this file instead of memory; never a running server's");

/** What the argument that says where a repository lies may be. */
export const locationHelp = "folder of the repository, or s3://bucket/prefix?endpoint=https://…";
/** `--password-file FILE` and `--recovery-key-file FILE`. */
export const addKeyOptions = (command: Command): Command =>
  command
    .option(
      "--password-file <file>",
      "file with the password of an encrypted repository (or HOLDFAST_REPOSITORY_PASSWORD)",
    )
    .option("--recovery-key-file <file>", "file with a recovery key of an encrypted repository");
