import {
  RepositoryRegistryService,
  VerifyRepositoryResponseSchema,
} from "@holdfast/proto/holdfast/controller/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { randomName } from "@holdfast/shared/ids/ids";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import { showStarted } from "../session/show-started.ts";

interface VerifyOptions {
  readonly wait?: boolean;
  readonly gib?: string;
  readonly requestId?: string;
}

/** `repository verify` */
export const repositoryVerify: CommandMaker = (context) =>
  verb("verify <repository>", "Read packs back and compare every record with its checksum and id", [
    "repository verify main --wait",
    "repository verify main --gib 100",
  ])
    .option("--gib <number>", "end after that many GiB; those that were not read for the longest come first")
    .option("--wait", "show progress and wait for the end; the exit code tells the result")
    .option("--request-id <words>", "the same words start one session, however often they are sent")
    .action(async (repository: string, _options, command) => {
      const options = optionsOf<VerifyOptions>(command);
      const request = {
        repository,
        budgetBytes: budgetOf(options.gib),
        requestId: options.requestId ?? randomName(16),
      };
      const answer = await withService(context, options, RepositoryRegistryService, (client) =>
        client.verifyRepository(request, { signal: context.signal, timeoutMs: slowCallMs }),
      );
      await showStarted(context, options, { schema: VerifyRepositoryResponseSchema, answer });
    });

const GiB = 1024 ** 3;

const budgetOf = (gib: string | undefined): bigint => {
  if (gib === undefined) return 0n;
  const bytes = Math.round(Number(gib) * GiB);
  if (Number.isSafeInteger(bytes) && bytes > 0) return BigInt(bytes);
  throw new HoldfastError("INVALID_ARGUMENT", `--gib ${gib} is no amount`);
};
