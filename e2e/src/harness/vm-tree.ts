import type { ApiClient, Tree } from "../simulator/testing/api-client.ts";

/** Fields that are another's for every VM, or tell what it does now. */
const own: ReadonlySet<string> = new Set([
  "id",
  "href",
  "link",
  "actions",
  "creation_time",
  "start_time",
  "stop_time",
  "stop_reason",
  "status",
  "host",
  "mac",
  "image_id",
  "actual_size",
  "total_size",
  "vm",
  "disk_profile",
]);

const links = "disk_attachments.disk,nics,tags,affinitylabels,watchdogs";

/** Everything that an engine shows of a VM, as `path: value` in order, without its name and what no two VMs share; lists have no order. */
export const vmLines = async (api: ApiClient, vmId: string): Promise<readonly string[]> => {
  const vm: Tree = (await api.get(`/vms/${vmId}?follow=${links}`)).json;
  const groups: readonly Tree[] =
    (await api.get(`/clusters/${vm.cluster.id}/affinitygroups?follow=vms`)).json.affinity_group ?? [];
  const of = groups.filter(({ vms }) => vms?.vm?.some(({ id }: Tree) => id === vmId) === true);
  const { name: _name, ...rest } = vm;
  return linesOf("", { ...rest, affinity_groups: of.map(({ name }) => ({ name })) }).toSorted();
};

const linesOf = (path: string, value: unknown): readonly string[] => {
  if (Array.isArray(value)) return value.map((item) => `${path}[]: ${linesOf("", item).toSorted().join(" | ")}`);
  if (typeof value !== "object" || value === null) return [`${path}: ${String(value)}`];
  return Object.entries(value).flatMap(([key, inner]) =>
    own.has(key) && !isReference(path, key) ? [] : linesOf(path === "" ? key : `${path}.${key}`, inner),
  );
};

/** Ids of what a VM refers to are part of what it is. */
const isReference = (path: string, key: string): boolean =>
  key === "id" && /(?:^|\.)(?:cluster|storage_domain|vnic_profile|template)$/.test(path);
