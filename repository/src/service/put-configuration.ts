import type {
  PutConfigurationRequest,
  PutConfigurationStart,
} from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { ConfigurationKey } from "@holdfast/shared/configuration/configuration-name";
import { largestConfiguration } from "@holdfast/shared/configuration/configuration-object";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { Semaphore } from "@holdfast/shared/lifecycle/bounded";
import type { StagedConfiguration, StoredConfiguration } from "../configurations/configuration-objects.ts";
import { ConfigurationCheck } from "../configurations/receive-configuration.ts";
import type { ServiceDeps } from "./deps.ts";
import { toConfigurationMessage } from "./list-configurations.ts";
import type { Calls } from "./types.ts";

/** Keeps a backup of the installation, then lets old ones go (N1, N2). One after another. */
export const putConfiguration = (deps: ServiceDeps): Calls["putConfiguration"] => {
  const oneAtATime = new Semaphore(1);
  return async (requests, { signal }) => {
    using _permit = await oneAtATime.acquire(signal);
    await deps.room.check();
    const stored = await store(deps, requests);
    const { installationId, number, bytes } = stored;
    deps.log.info("configuration kept", { installation: installationId, number, bytes });
    await prune(deps, installationId);
    return { configuration: toConfigurationMessage(stored) };
  };
};

const store = async (
  { store: repository, trust }: ServiceDeps,
  requests: AsyncIterable<PutConfigurationRequest>,
): Promise<StoredConfiguration> => {
  const { configurations, facts } = repository;
  const { installationId } = trust.current;
  await using opened = new AsyncDisposableStack();
  let coming: Coming | undefined;
  for await (const { part } of requests) {
    if (coming === undefined) {
      const { number, bytes } = toStart(part);
      const key = { installationId, number };
      if (number <= (await configurations.highest(installationId))) throw taken(key);
      const check = new ConfigurationCheck({ number, bytes, repositoryId: facts.repositoryId });
      coming = { key, bytes, check, staged: opened.use(await configurations.stage(key)) };
      continue;
    }
    if (part.case !== "piece")
      throw new HoldfastError("STREAM_REFUSED", "a later message is no piece of a configuration");
    coming.check.take(part.value);
    await coming.staged.write(part.value);
  }
  if (coming === undefined)
    throw new HoldfastError("STREAM_REFUSED", "the stream of a configuration has no first message");
  const { key, bytes, check, staged } = coming;
  const header = check.finish();
  if ((await staged.publish()) === "exists") throw taken(key);
  await repository.assertOwned();
  return { ...key, bytes, header };
};

/** A configuration of which the first message came. */
interface Coming {
  readonly key: ConfigurationKey;
  readonly bytes: number;
  readonly check: ConfigurationCheck;
  readonly staged: StagedConfiguration;
}

const taken = ({ installationId, number }: ConfigurationKey): HoldfastError =>
  new HoldfastError("ALREADY_EXISTS", `installation ${installationId} has a configuration ${number} or a later one`);

const toStart = (part: PutConfigurationRequest["part"]): PutConfigurationStart => {
  if (part.case !== "start")
    throw new HoldfastError("STREAM_REFUSED", "the first message of a configuration does not start it");
  if (part.value.number === 0) throw new HoldfastError("INVALID_ARGUMENT", "configurations are counted from 1");
  if (part.value.bytes > largestConfiguration)
    throw new HoldfastError("INVALID_ARGUMENT", `a configuration of ${part.value.bytes} bytes is too large`);
  return part.value;
};

/** What is too many is not worth failing a call for that did its work. */
const prune = async ({ store: repository, log }: ServiceDeps, installationId: string): Promise<void> => {
  try {
    const removed = await repository.configurations.prune(installationId);
    if (removed > 0) log.info("old configurations removed", { installation: installationId, removed });
  } catch (err) {
    log.warn("old configurations could not be removed", { installation: installationId, err });
  }
};
