import { shippedRoles } from "../permits/shipped-roles.ts";
import type { DiskConfig, SimulatorConfig } from "./schema.ts";

/** A reference of the configuration that names nothing, with its place. */
export interface Dangling {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

type Named = readonly { readonly name: string }[];
type Expect = (path: Dangling["path"], kind: string, wanted: string | undefined, known: Named) => void;

/** A disk needs a size, an image or a template's disk, and a layer over a template's disk holds nothing else. */
const checkDisks = (found: Dangling[], path: readonly (string | number)[], disks: readonly DiskConfig[]): void => {
  disks.forEach((disk, at) => {
    const place = [...path, "disks", at];
    const hasImage = disk.fill !== undefined && "image" in disk.fill;
    if (disk.size === undefined && disk.templateDisk === undefined && !hasImage) {
      found.push({ path: place, message: "a disk needs a size, an image or templateDisk" });
    }
    if (disk.templateDisk !== undefined && (disk.fill !== undefined || disk.format === "raw")) {
      found.push({ path: place, message: "a layer over a template's disk is qcow2 and takes no fill" });
    }
  });
};

const kinds = [
  "dataCenters",
  "clusters",
  "hosts",
  "storageDomains",
  "networks",
  "vms",
  "tags",
  "roles",
  "users",
] as const;

/** Versions of a template share its name; everything else has a name of its own. */
const checkDoubles = (found: Dangling[], config: SimulatorConfig): void => {
  const check = (kind: string, names: readonly string[]): void => {
    names.forEach((name, index) => {
      if (names.indexOf(name) !== index)
        found.push({ path: [kind, index, "name"], message: `${name} is defined twice` });
    });
  };
  for (const kind of kinds) {
    check(
      kind,
      config[kind].map((item) => item.name),
    );
  }
  check(
    "templates",
    config.templates.map(({ name, version }) => `${name} (version ${version})`),
  );
};

/** Roles of users, and what they are given on as far as the configuration names such things. */
const checkRoles = (config: SimulatorConfig, expect: Expect): void => {
  const known: Readonly<Record<string, Named>> = {
    data_center: config.dataCenters,
    cluster: config.clusters,
    host: config.hosts,
    storage_domain: config.storageDomains,
    template: [...config.templates, { name: "Blank" }],
    vm: config.vms,
  };
  config.users.forEach(({ roles = [] }, index) => {
    roles.forEach(({ role, on }, at) => {
      expect(["users", index, "roles", at, "role"], "role", role, [...shippedRoles, ...config.roles]);
      if (on === "system") return;
      for (const [kind, wanted] of Object.entries(on)) {
        const rows = known[kind];
        if (rows !== undefined) expect(["users", index, "roles", at, "on"], kind, wanted, rows);
      }
    });
  });
};

const checkTemplate = (found: Dangling[], config: SimulatorConfig, index: number): void => {
  const template = config.templates[index];
  if (template === undefined) return;
  checkDisks(found, ["templates", index], template.disks);
  if (template.guest === "agent" && template.disks.length === 0) {
    found.push({ path: ["templates", index, "guest"], message: "a template without a disk boots nothing" });
  }
};

/** Finds every name that is used but not defined, and every name that is defined twice. */
export const findDangling = (config: SimulatorConfig): readonly Dangling[] => {
  const found: Dangling[] = [];
  const expect: Expect = (path, kind, wanted, known) => {
    if (wanted !== undefined && !known.some((item) => item.name === wanted)) {
      found.push({ path, message: `no ${kind} is named ${wanted}` });
    }
  };
  checkDoubles(found, config);
  config.clusters.forEach((cluster, index) => {
    expect(["clusters", index, "dataCenter"], "data center", cluster.dataCenter, config.dataCenters);
  });
  config.hosts.forEach((host, index) => {
    expect(["hosts", index, "cluster"], "cluster", host.cluster, config.clusters);
  });
  config.storageDomains.forEach((domain, index) => {
    expect(["storageDomains", index, "dataCenter"], "data center", domain.dataCenter, config.dataCenters);
  });
  config.networks.forEach((network, index) => {
    expect(["networks", index, "dataCenter"], "data center", network.dataCenter, config.dataCenters);
  });
  config.templates.forEach((template, index) => {
    checkTemplate(found, config, index);
    expect(["templates", index, "cluster"], "cluster", template.cluster, config.clusters);
    expect(["templates", index, "storageDomain"], "storage domain", template.storageDomain, config.storageDomains);
    template.disks.forEach((disk, at) => {
      expect(
        ["templates", index, "disks", at, "storageDomain"],
        "storage domain",
        disk.storageDomain,
        config.storageDomains,
      );
    });
  });
  config.vms.forEach((vm, index) => {
    expect(["vms", index, "cluster"], "cluster", vm.cluster, config.clusters);
    checkDisks(found, ["vms", index], vm.disks);
    expect(["vms", index, "template"], "template", vm.template, [...config.templates, { name: "Blank" }]);
    vm.disks.forEach((disk, at) => {
      expect(["vms", index, "disks", at, "storageDomain"], "storage domain", disk.storageDomain, config.storageDomains);
    });
  });
  checkRoles(config, expect);
  return found;
};
