import { derivedUuid } from "@holdfast/shared/ids/ids";

import type { Engine } from "../engine/engine.ts";
import { blankTemplateId } from "../model/inventory.ts";
import { Instant, type Resource, apiPath, struct } from "../rendering/resource.ts";
import { linksOf, stubOf } from "../rendering/resources/links.ts";

const collections = [
  "affinitylabels",
  "clusters",
  "datacenters",
  "disks",
  "events",
  "hosts",
  "imagetransfers",
  "jobs",
  "networks",
  "permissions",
  "roles",
  "storagedomains",
  "tags",
  "templates",
  "users",
  "vms",
  "vnicprofiles",
];

/** The engine's own id: the same for one configured name, different for every other Manager. */
export const instanceIdOf = (name: string): string => derivedUuid("instance", name);

/** `GET /ovirt-engine/api` */
export const apiRoot = (engine: Engine): Resource => {
  const [major = "4", minor = "5", build = "0"] = engine.config.version.split(".");
  const { vms, hosts, storageDomains, users } = engine.world;
  const count = (total: number, active: number): Resource => struct("count", { total, active });
  const up = [...vms.values()].filter((vm) => vm.status === "up").length;
  return {
    element: "api",
    fields: {
      product_info: struct("product_info", {
        name: "oVirt Engine",
        vendor: "ovirt.org",
        instance_id: instanceIdOf(engine.config.name),
        version: struct("version", {
          major: Number(major),
          minor: Number(minor),
          build: Number(build),
          revision: 0,
          full_version: `${engine.config.version}-1.el9`,
        }),
      }),
      instance_id: instanceIdOf(engine.config.name),
      special_objects: struct("special_objects", {
        blank_template: stubOf("template", "templates", blankTemplateId),
        root_tag: stubOf("tag", "tags", blankTemplateId),
      }),
      summary: struct("summary", {
        vms: count(vms.size, up),
        hosts: count(hosts.size, [...hosts.values()].filter((host) => host.status === "up").length),
        storage_domains: count(storageDomains.size, storageDomains.size),
        users: count(users.size, users.size),
      }),
      time: new Instant(engine.clock.nowMs()),
    },
    links: linksOf(apiPath, collections),
  };
};
