import { type ObjectKind, objectKinds } from "../model/access.ts";
import type { World } from "../model/world.ts";
import { Collection, type Resource } from "../rendering/resource.ts";
import { permissionOwners } from "./permission-owners.ts";
import type { Rights } from "./rights.ts";

/** Whom an answer is for, when it is filtered. */
export interface Viewer {
  readonly login: string;
  readonly rights: Rights;
}

const isKind = (element: string): element is ObjectKind => (objectKinds as readonly string[]).includes(element);

const seesEvent = (world: World, { rights }: Viewer, id: string): boolean => {
  const event = world.events.find(({ index }) => String(index) === id);
  if (event?.vmId !== undefined) return rights.maySee({ kind: "vm", id: event.vmId });
  return event?.diskId !== undefined && rights.maySee({ kind: "disk", id: event.diskId });
};

const seesTransfer = (world: World, { login, rights }: Viewer, id: string): boolean => {
  const transfer = world.transfers.get(id);
  if (transfer === undefined) return false;
  return transfer.madeBy === login || rights.maySee({ kind: "disk", id: transfer.source.diskId });
};

/** True when a filtered answer may hold this row; what is no object of its own belongs to one that was looked at before. */
export const isVisible = (world: World, viewer: Viewer, { element, id = "" }: Resource): boolean => {
  if (isKind(element)) return viewer.rights.maySee({ kind: element, id });
  switch (element) {
    case "event":
      return seesEvent(world, viewer, id);
    case "image_transfer":
      return seesTransfer(world, viewer, id);
    case "job":
      return world.jobs.get(id)?.login === viewer.login;
    case "user":
      return viewer.rights.isSelf(id);
    case "permission": {
      const permission = world.permissions.get(id);
      return permission !== undefined && viewer.rights.isSelf(permission.userId);
    }
    default:
      return true;
  }
};

/** True when the object that a path such as `/vms/ID/nics` leads to may be seen. */
export const isPathVisible = (viewer: Viewer, path: string, id: string | undefined): boolean => {
  const owner = permissionOwners.find(({ collection }) => path.startsWith(`/${collection}/:`));
  return owner === undefined || id === undefined || viewer.rights.maySee({ kind: owner.kind, id });
};

/** A row as plain users get it: their VMs have no host. */
export const filteredRow = (row: Resource): Resource => {
  if (row.element !== "vm") return row;
  const { host: _host, ...fields } = row.fields;
  return { ...row, fields };
};

/** The rows of a list that may be seen. */
export const filteredRows = (world: World, viewer: Viewer, list: Collection): Collection =>
  new Collection(list.element, list.items.filter((row) => isVisible(world, viewer, row)).map(filteredRow));
