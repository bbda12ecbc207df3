import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  PutConfigurationRequestSchema,
  RepositoryService,
} from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import type { ServiceClient } from "@holdfast/shared/rpc/client-types";
import { maxPayloadBytes } from "@holdfast/shared/rpc/limits";
import type { RepositoryConnection } from "./repository-connection.ts";
import type { UnreachableGuard } from "./unreachable-guard.ts";

const callTimeoutMs = 15_000;
const putTimeoutMs = 600_000;

/** The part of a connection by which the installation itself outlives its controller: trust, and its own backups. */
export const ownBackupCalls = (
  service: ServiceClient<typeof RepositoryService>,
  guard: UnreachableGuard,
): Pick<RepositoryConnection, "updateTrust" | "seenTrust" | "listConfigurations" | "putConfiguration"> => ({
  updateTrust: (trust, signal) =>
    guard.call(async () => {
      const { number, remembers } = await service.updateTrust({ trust }, { signal, timeoutMs: callTimeoutMs });
      return { number, remembers };
    }),
  seenTrust: (signal) =>
    guard.call(async () => (await service.getTrust({}, { signal, timeoutMs: callTimeoutMs })).trust),
  listConfigurations: (signal) =>
    guard.call(async () => (await service.listConfigurations({}, { signal, timeoutMs: callTimeoutMs })).configurations),
  putConfiguration: (number, bytes, signal) =>
    guard.call(async () => {
      await service.putConfiguration(configurationPieces(number, bytes), { signal, timeoutMs: putTimeoutMs });
    }),
});

async function* configurationPieces(
  number: number,
  bytes: Uint8Array,
): AsyncGenerator<MessageInitShape<typeof PutConfigurationRequestSchema>> {
  yield { part: { case: "start", value: { number, bytes: bytes.byteLength } } };
  for (let offset = 0; offset < bytes.byteLength; offset += maxPayloadBytes)
    yield { part: { case: "piece", value: bytes.subarray(offset, offset + maxPayloadBytes) } };
}
