import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ManagerSchema } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import type { ManagerConnection } from "../../inventory/manager-connection.ts";
import type { ApiDeps } from "../api-deps.ts";
import { toCertificate } from "../to-common.ts";

/** A manager as operators see it; never its password. */
export const toManager = (
  deps: Pick<ApiDeps, "engines">,
  manager: ManagerConnection,
): MessageInitShape<typeof ManagerSchema> => {
  const { record, condition, inventory } = manager;
  return {
    managerId: record.managerId,
    name: record.name,
    url: record.url,
    username: record.username,
    state: condition.state,
    stateReason: condition.reason,
    engineInstanceId: record.engineInstanceId,
    engineVersion: record.engineVersion,
    apiAnchor: toCertificate(deps.engines.describeAnchor(record.apiAnchorPem)),
    imageioAnchor: toCertificate(deps.engines.describeAnchor(record.imageioAnchorPem)),
    inventoryMs: BigInt(manager.inventoryMs),
    vms: inventory?.vms.length ?? 0,
    hosts: inventory?.hosts.length ?? 0,
    clusters: inventory?.clusters.map(({ name }) => name) ?? [],
  };
};
