import { Option } from "commander";
import { formats } from "../output.ts";

/** `-o table|json`. */
export const formatOption = (): Option =>
  new Option("-o, --output <format>", "how the result is shown").choices(formats).default("table");

/** `--index FILE`. */
export const indexOption = (): Option =>
  new Option("--index <file>", "keep the index in this file instead of memory; never a running server's");

/** What the argument that says where a repository lies may be. */
export const locationHelp = "folder of the repository, or s3://bucket/prefix?endpoint=https://…";
