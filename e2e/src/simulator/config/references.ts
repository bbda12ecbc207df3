import type { DiskConfig, SimulatorConfig } from "./schema.ts";

/** A reference of the configuration that names nothing, with its place. */
export interface Dangling {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

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

type Named = readonly { readonly name: string }[];

/** Finds every name that is used but not defined, and every name that is defined twice. */
export const findDangling = (config: SimulatorConfig): readonly Dangling[] => {
  const found: Dangling[] = [];
  const expect = (path: readonly (string | number)[], kind: string, wanted: string | undefined, known: Named): void => {
    if (wanted !== undefined && !known.some((item) => item.name === wanted)) {
      found.push({ path, message: `no ${kind} is named ${wanted}` });
    }
  };
  for (const kind of ["dataCenters", "clusters", "hosts", "storageDomains", "templates", "vms", "tags"] as const) {
    const names = config[kind].map((item) => item.name);
    names.forEach((name, index) => {
      if (names.indexOf(name) !== index)
        found.push({ path: [kind, index, "name"], message: `${name} is defined twice` });
    });
  }
  config.clusters.forEach((cluster, index) => {
    expect(["clusters", index, "dataCenter"], "data center", cluster.dataCenter, config.dataCenters);
  });
  config.hosts.forEach((host, index) => {
    expect(["hosts", index, "cluster"], "cluster", host.cluster, config.clusters);
  });
  config.storageDomains.forEach((domain, index) => {
    expect(["storageDomains", index, "dataCenter"], "data center", domain.dataCenter, config.dataCenters);
  });
  config.templates.forEach((template, index) => {
    checkDisks(found, ["templates", index], template.disks);
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
  return found;
};
