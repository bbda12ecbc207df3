import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ConfigurationSchema } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { toHex } from "@holdfast/shared/format/content-id";
import type { StoredConfiguration } from "../configurations/configuration-objects.ts";
import type { ServiceDeps } from "./deps.ts";
import type { Calls } from "./types.ts";

/** The configurations there are, of every installation (N3). */
export const listConfigurations =
  ({ store, log }: ServiceDeps): Calls["listConfigurations"] =>
  async () => {
    const found = await store.configurations.list((name, err) => {
      log.error("configuration cannot be read", { name, err });
    });
    return { configurations: found.map(toConfigurationMessage) };
  };

/** A configuration as messages name it. */
export const toConfigurationMessage = ({
  installationId,
  number,
  bytes,
  header,
}: StoredConfiguration): MessageInitShape<typeof ConfigurationSchema> => ({
  installationId,
  number,
  bytes,
  createdMs: BigInt(header.createdMs),
  keyId: toHex(header.keyId),
});
