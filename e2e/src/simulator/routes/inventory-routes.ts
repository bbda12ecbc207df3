import type { Engine } from "../engine/engine.ts";
import { existing } from "../engine/engine-fault.ts";
import { type Answer, type Call, type Handle, ok, param, rows } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import type { Searchable } from "../http/search-query.ts";
import { searchedRows } from "../http/search.ts";
import type { Resource } from "../rendering/resource.ts";
import { attachmentResource } from "../rendering/resources/disk.ts";
import {
  clusterResource,
  dataCenterResource,
  hostResource,
  networkResource,
  storageDomainResource,
  templateNicResource,
  templateResource,
  vnicProfileResource,
} from "../rendering/resources/inventory.ts";
import { defaultAttachment } from "../vms/template-disks.ts";
import { apiRoot } from "./api-root.ts";
import {
  searchableCluster,
  searchableDataCenter,
  searchableHost,
  searchableNetwork,
  searchableProfile,
  searchableStorageDomain,
  searchableTemplate,
} from "./searchable.ts";

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

const templateDisks = (engine: Engine, call: Call): Answer => {
  const template = existing(engine.world.templates, param(call, "template"));
  const owner = { collection: "templates" as const, id: template.id };
  const all = template.diskIds.map((id, index) => attachmentResource(owner, defaultAttachment(id, index === 0)));
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

const clusterAndHostRoutes = ({ world }: Engine): readonly Route<Handle>[] => [
  ...readOnly({
    path: "/datacenters",
    element: "data_center",
    all: world.dataCenters,
    searchable: (row) => searchableDataCenter(world, row),
    render: dataCenterResource,
  }),
  ...readOnly({
    path: "/clusters",
    element: "cluster",
    all: world.clusters,
    searchable: (row) => searchableCluster(world, row),
    render: clusterResource,
  }),
  ...readOnly({
    path: "/hosts",
    element: "host",
    all: world.hosts,
    searchable: (row) => searchableHost(world, row),
    render: (row) => hostResource(world, row),
  }),
];

const storageAndNetworkRoutes = ({ world }: Engine): readonly Route<Handle>[] => [
  ...readOnly({
    path: "/storagedomains",
    element: "storage_domain",
    all: world.storageDomains,
    searchable: (row) => searchableStorageDomain(world, row),
    render: (row) => storageDomainResource(world, row),
  }),
  ...readOnly({
    path: "/templates",
    element: "template",
    all: world.templates,
    searchable: (row) => searchableTemplate(world, row),
    render: templateResource,
  }),
  ...readOnly({
    path: "/networks",
    element: "network",
    all: world.networks,
    searchable: (row) => searchableNetwork(world, row),
    render: networkResource,
  }),
  ...readOnly({
    path: "/vnicprofiles",
    element: "vnic_profile",
    all: world.vnicProfiles,
    searchable: (row) => searchableProfile(world, row),
    render: vnicProfileResource,
  }),
];

/** The API root, data centers, clusters, hosts, storage domains, templates, networks and vNIC profiles. */
export const inventoryRoutes = (engine: Engine): readonly Route<Handle>[] => [
  { method: "GET", pattern: "/", handle: () => ok(apiRoot(engine)) },
  ...clusterAndHostRoutes(engine),
  ...storageAndNetworkRoutes(engine),
  { method: "GET", pattern: "/datacenters/:center/storagedomains", handle: (call) => attachedDomains(engine, call) },
  { method: "GET", pattern: "/templates/:template/nics", handle: (call) => templateNics(engine, call) },
  { method: "GET", pattern: "/templates/:template/diskattachments", handle: (call) => templateDisks(engine, call) },
];
