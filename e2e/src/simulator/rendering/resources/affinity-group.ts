import type { AffinityGroup, AffinityRule } from "../../model/affinity-group.ts";
import type { World } from "../../model/world.ts";
import { type Resource, apiPath, struct } from "../resource.ts";
import { linksOf, stubOf } from "./links.ts";

const ruleOf = (element: string, { enabled, enforcing, positive }: AffinityRule): Resource =>
  struct(element, { enabled, enforcing, positive });

const isPairBroken = ({ enabled, positive }: AffinityRule, hostIds: readonly string[]): boolean =>
  enabled && (positive ? new Set(hostIds).size > 1 : new Set(hostIds).size < hostIds.length);

/** True when running members are not where the rules want them. */
const isBroken = (world: World, group: AffinityGroup): boolean => {
  const used = group.vmIds.flatMap((id) => world.vms.get(id)?.hostId ?? []);
  const { hostsRule } = group;
  const isAstray = hostsRule.enabled && used.some((id) => group.hostIds.includes(id) !== hostsRule.positive);
  return isAstray || isPairBroken(group.vmsRule, used);
};

/** `/clusters/ID/affinitygroups` */
export const affinityGroupResource = (world: World, group: AffinityGroup): Resource => {
  const href = `${apiPath}/clusters/${group.clusterId}/affinitygroups/${group.id}`;
  return {
    element: "affinity_group",
    id: group.id,
    href,
    fields: {
      name: group.name,
      description: group.description,
      priority: group.priority,
      vms_rule: ruleOf("vms_rule", group.vmsRule),
      hosts_rule: ruleOf("hosts_rule", group.hostsRule),
      broken: isBroken(world, group),
      cluster: stubOf("cluster", "clusters", group.clusterId),
    },
    links: linksOf(href, ["vms", "hosts"]),
  };
};
