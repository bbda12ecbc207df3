/** Elements of the collections that bodies are sent to, by their place in paths. */
const elements: Readonly<Record<string, string>> = {
  affinitygroups: "affinity_group",
  affinitylabels: "affinity_label",
  backups: "backup",
  checkpoints: "checkpoint",
  diskattachments: "disk_attachment",
  disks: "disk",
  events: "event",
  hosts: "host",
  imagetransfers: "image_transfer",
  nics: "nic",
  permissions: "permission",
  permits: "permit",
  roles: "role",
  snapshots: "snapshot",
  storagedomains: "storage_domain",
  tags: "tag",
  users: "user",
  vms: "vm",
};

/**
 * The root element that a body in XML has for a route: the element of its collection, or `action` for what is done to an
 * entity. JSON has no root.
 */
export const expectedRoot = (route: { readonly method: string; readonly pattern: string }): string => {
  const names = route.pattern.split("/").filter((part) => part !== "" && !part.startsWith(":"));
  return elements[names.at(-1) ?? ""] ?? "action";
};
