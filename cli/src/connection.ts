import { existsSync } from "node:fs";
import { join } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import { openRpcClient } from "@holdfast/shared/rpc/client";
import type { ServiceClient } from "@holdfast/shared/rpc/client-types";
import { clientCredentials } from "@holdfast/shared/rpc/credentials";
import { HoldfastError, hasCode } from "@holdfast/shared/errors/holdfast-error";
import type { CliContext } from "./context.ts";
import { type Target, userCredentials } from "./credentials.ts";

/** Where `holdfast standalone` keeps everything unless told otherwise. */
export const defaultDataDir = (env: CliContext["env"]): string =>
  env["HOLDFAST_DATA_DIR"] ?? join(env["XDG_DATA_HOME"] ?? join(env["HOME"] ?? "/", ".local", "share"), "holdfast");

/** The controller's socket inside a standalone data directory. */
export const controllerSocket = (dataDir: string): string => join(dataDir, "run", "controller.sock");

/** The address to dial: `--controller`, else HOLDFAST_CONTROLLER, else the socket of a standalone on this machine. */
export const controllerAddress = (context: CliContext, given: string | undefined): string => {
  const address = given ?? context.env["HOLDFAST_CONTROLLER"];
  if (address !== undefined && address !== "") return address;
  const socket = controllerSocket(defaultDataDir(context.env));
  if (existsSync(socket)) return `unix:${socket}`;
  throw new HoldfastError(
    "UNAVAILABLE",
    `no controller is known: give --controller ADDRESS or HOLDFAST_CONTROLLER, or run holdfast standalone (looked for ${socket})`,
  );
};

/** Runs `use` with a client of one service of the controller, and closes the connection after it. */
export const withService = async <Service extends DescService, Result>(
  context: CliContext,
  target: Target,
  service: Service,
  use: (client: ServiceClient<Service>) => Promise<Result>,
): Promise<Result> => {
  const address = controllerAddress(context, target.controller);
  const { trust, token } = await userCredentials(context, target, address);
  const metadata = (): Readonly<Record<string, string>> => ({ authorization: `Bearer ${token}` });
  await using connection = openRpcClient(address, clientCredentials(trust, { role: "controller" }), { metadata });
  try {
    return await use(connection.service(service));
  } catch (caught) {
    if (!hasCode(caught, "UNAVAILABLE")) throw caught;
    throw new HoldfastError("UNAVAILABLE", `the controller at ${address} does not answer`, { cause: caught });
  }
};

/** Deadline of calls that answer from the controller's own state. */
export const quickCallMs = 30_000;
/** Deadline of calls for which the controller asks an engine or a repository. */
export const slowCallMs = 120_000;
