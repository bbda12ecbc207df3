import { type Follow, below, plain } from "../rendering/follow.ts";
import { pluralOf } from "../rendering/plural.ts";
import { Collection, type Link, type Resource, Texts, type Value } from "../rendering/resource.ts";

/** Reads what is at an address of the API, as the login of the call may; undefined when that is nothing. */
export type ReadLink = (href: string) => Promise<Resource | Collection | undefined>;

const isStub = (resource: Resource): boolean =>
  resource.href !== undefined && Object.values(resource.fields).every((value) => value === undefined);

const isResource = (value: Value): value is Resource =>
  typeof value === "object" && "fields" in value && !(value instanceof Texts);

const followAll = async (items: readonly Resource[], follow: Follow, read: ReadLink): Promise<readonly Resource[]> => {
  const followed: Resource[] = [];
  for (const item of items) followed.push(await followIn(item, follow, read));
  return followed;
};

const followField = async (value: Value, follow: Follow, read: ReadLink): Promise<Value> => {
  if (value instanceof Collection) return new Collection(value.element, await followAll(value.items, follow, read));
  if (!isResource(value)) return value;
  const whole = isStub(value) && value.href !== undefined ? await read(value.href) : value;
  return whole === undefined || whole instanceof Collection ? value : followIn(whole, follow, read);
};

const followIn = async (resource: Resource, follow: Follow, read: ReadLink): Promise<Resource> => {
  const fields: Record<string, Value> = { ...resource.fields };
  const left: Link[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (follow.has(plain(name))) fields[name] = await followField(value, below(follow, plain(name)), read);
  }
  for (const link of resource.links ?? []) {
    const content = follow.has(plain(link.rel)) ? await read(link.href) : undefined;
    if (content === undefined) left.push(link);
    else {
      const name = content instanceof Collection ? pluralOf(content.element) : content.element;
      fields[name] = await followField(content, below(follow, plain(link.rel)), read);
    }
  }
  return { ...resource, fields, links: left };
};

/**
 * Puts what the links lead to in their place, and whole entities in the place of stubs, along the paths that a request
 * wants to be followed; others stay as they are.
 */
export const followLinks = async (
  content: Resource | Collection,
  follow: Follow,
  read: ReadLink,
): Promise<Resource | Collection> => {
  if (follow.size === 0) return content;
  if (content instanceof Collection)
    return new Collection(content.element, await followAll(content.items, follow, read));
  return followIn(content, follow, read);
};
