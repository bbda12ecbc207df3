import type { Manager } from "@holdfast/proto/holdfast/controller/v1/manager_pb";
import { factsText, tableText } from "../output/output.ts";
import { timeText } from "../output/units.ts";
import { certificateText } from "./anchors.ts";

/** One line a manager. */
export const managersTable = (managers: readonly Manager[]): string =>
  tableText(
    ["name", "state", "version", "vms", "clusters", "url"],
    managers.map((one) => [one.name, one.state, one.engineVersion, String(one.vms), one.clusters.join(", "), one.url]),
  );

/** All that is known of one manager. */
export const managerText = (one: Manager): string =>
  [
    factsText([
      ["name", one.name],
      ["id", one.managerId],
      ["url", one.url],
      ["user", one.username],
      ["state", one.stateReason === "" ? one.state : `${one.state}: ${one.stateReason}`],
      ["engine", `${one.engineVersion} (instance ${one.engineInstanceId})`],
      ["inventory", `${one.vms} VMs, ${one.hosts} hosts, read ${timeText(one.inventoryMs)}`],
      ["clusters", one.clusters.join(", ")],
    ]),
    ...(one.apiAnchor ? ["API anchor", certificateText(one.apiAnchor)] : []),
    ...(one.imageioAnchor ? ["imageio anchor", certificateText(one.imageioAnchor)] : []),
  ].join("\n");
