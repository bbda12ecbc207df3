import type { Engine } from "../engine/engine.ts";
import { existing } from "../engine/engine-fault.ts";
import { type Answer, type Call, type Handle, ok, param, rows } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import { type Searchable, searchedRows } from "../http/search.ts";
import { levelText } from "../model/inventory.ts";
import type { Resource } from "../rendering/resource.ts";
import { attachmentResource } from "../rendering/resources/disk.ts";
import {
  clusterResource,
  dataCenterResource,
  hostResource,
  networkResource,
  storageDomainResource,
  tagResource,
  templateNicResource,
  templateResource,
  vnicProfileResource,
} from "../rendering/resources/inventory.ts";
import { defaultAttachment } from "../vms/template-disks.ts";
import { apiRoot } from "./api-root.ts";

interface Listed<Row> {
  readonly path: string;
  readonly element: string;
  readonly all: ReadonlyMap<string, Row>;
  readonly searchable: (row: Row) => Searchable;
  readonly render: (row: Row) => Resource;
}

/** List and get of a collection that the API cannot change here. */
const readOnly = <Row>(listed: Listed<Row>): readonly Route<Handle>[] => [
  {
    method: "GET",
    pattern: listed.path,
    handle: (call) =>
      searchedRows(
        call,
        { element: listed.element, all: [...listed.all.values()], searchable: listed.searchable },
        listed.render,
      ),
  },
  {
    method: "GET",
    pattern: `${listed.path}/:id`,
    handle: (call): Answer => ok(listed.render(existing(listed.all, param(call, "id")))),
  },
];

const named = (row: { readonly id: string; readonly name: string }): Searchable => ({ id: row.id, name: row.name });

/** A collection that is searched by id and name only. */
const plain = <Row extends { readonly id: string; readonly name: string }>(
  path: string,
  element: string,
  all: ReadonlyMap<string, Row>,
  render: (row: Row) => Resource,
): Listed<Row> => ({ path, element, all, render, searchable: named });

const templateDisks = (engine: Engine, call: Call): Answer => {
  const template = existing(engine.world.templates, param(call, "template"));
  const owner = { collection: "templates" as const, id: template.id };
  const all = template.diskIds.map((id, index) =>
    attachmentResource(engine.world, owner, defaultAttachment(id, index === 0), call.follow),
  );
  return rows(call, "disk_attachment", all);
};

const templateNics = (engine: Engine, call: Call): Answer => {
  const template = existing(engine.world.templates, param(call, "template"));
  return rows(
    call,
    "nic",
    (template.nics ?? []).map((nic) => templateNicResource(template.id, nic)),
  );
};

const attachedDomains = (engine: Engine, call: Call): Answer => {
  const center = existing(engine.world.dataCenters, param(call, "center"));
  const domains = [...engine.world.storageDomains.values()].filter((domain) => domain.dataCenterId === center.id);
  return rows(
    call,
    "storage_domain",
    domains.map((domain) => storageDomainResource(engine.world, domain)),
  );
};

const clusterAndHostRoutes = (engine: Engine): readonly Route<Handle>[] => {
  const { world } = engine;
  return [
    ...readOnly({
      path: "/clusters",
      element: "cluster",
      all: world.clusters,
      searchable: (row) => ({ ...named(row), version: levelText(row.level) }),
      render: clusterResource,
    }),
    ...readOnly({
      path: "/hosts",
      element: "host",
      all: world.hosts,
      searchable: (row) => ({
        ...named(row),
        status: row.status,
        address: row.address,
        hw_id: row.id,
        cluster: world.clusters.get(row.clusterId)?.name,
      }),
      render: hostResource,
    }),
  ];
};

const plainRoutes = ({ world }: Engine): readonly Route<Handle>[] => [
  ...readOnly(plain("/datacenters", "data_center", world.dataCenters, dataCenterResource)),
  ...readOnly(
    plain("/storagedomains", "storage_domain", world.storageDomains, (row) => storageDomainResource(world, row)),
  ),
  ...readOnly({
    ...plain("/templates", "template", world.templates, templateResource),
    searchable: (row) => ({
      ...named(row),
      status: row.status ?? "ok",
      version: `${row.version ?? 1}`,
      cluster: world.clusters.get(row.clusterId ?? "")?.name,
    }),
  }),
  ...readOnly(plain("/networks", "network", world.networks, networkResource)),
  ...readOnly(plain("/vnicprofiles", "vnic_profile", world.vnicProfiles, vnicProfileResource)),
  ...readOnly(plain("/tags", "tag", world.tags, tagResource)),
];

/** The API root, data centers, clusters, hosts, storage domains, templates, networks, vNIC profiles and tags. */
export const inventoryRoutes = (engine: Engine): readonly Route<Handle>[] => [
  { method: "GET", pattern: "/", handle: () => ok(apiRoot(engine)) },
  ...plainRoutes(engine),
  ...clusterAndHostRoutes(engine),
  { method: "GET", pattern: "/datacenters/:center/storagedomains", handle: (call) => attachedDomains(engine, call) },
  { method: "GET", pattern: "/templates/:template/nics", handle: (call) => templateNics(engine, call) },
  { method: "GET", pattern: "/templates/:template/diskattachments", handle: (call) => templateDisks(engine, call) },
];
