import type { Engine } from "../engine/engine.ts";
import { MissingEntity, conflict, existing, incomplete, refused } from "../engine/engine-fault.ts";
import { newUuid } from "../engine/new-uuid.ts";
import { entity, namedReference, parseBody, text, uuid } from "../http/body.ts";
import { type Answer, type Call, type Handle, accepted, created, ok, param, rows } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import { defined } from "../model/defined.ts";
import { type Tag, blankTemplateId } from "../model/inventory.ts";
import type { Vm } from "../model/vm.ts";
import { tagResource } from "../rendering/resources/inventory.ts";

const tagBody = entity(
  {
    id: uuid.optional(),
    name: text.optional(),
    description: text.optional(),
    parent: namedReference.optional(),
  },
  ["comment", "group", "host", "template", "user", "vm"],
);

/** The root of the tree has the id that Blank has among templates. */
const rootId = blankTemplateId;

const named = (
  engine: Engine,
  wanted: { readonly id?: string | undefined; readonly name?: string | undefined },
): Tag => {
  const found = [...engine.world.tags.values()].find(({ id, name }) =>
    wanted.id === undefined ? name === wanted.name : id === wanted.id,
  );
  if (found === undefined) throw refused("Cannot attach Tag. The tag does not exist.");
  return found;
};

const isBelow = (engine: Engine, id: string | undefined, ancestorId: string): boolean =>
  id !== undefined && (id === ancestorId || isBelow(engine, engine.world.tags.get(id)?.parentId, ancestorId));

const keep = (engine: Engine, tag: Tag): Tag => {
  const { tags } = engine.world;
  if ([...tags.values()].some(({ id, name }) => name === tag.name && id !== tag.id))
    throw conflict("Cannot add Tag. The tag name is already in use.");
  tags.set(tag.id, tag);
  engine.save();
  return tag;
};

const create = (engine: Engine, call: Call): Answer => {
  const body = parseBody(tagBody, call.body);
  if (body.name === undefined) throw incomplete("Tag [name] required for add");
  const parentId = body.parent === undefined ? rootId : named(engine, body.parent).id;
  return created(tagResource(keep(engine, { id: newUuid(engine.random), name: body.name, parentId })));
};

const update = (engine: Engine, call: Call): Answer => {
  const tag = existing(engine.world.tags, param(call, "id"));
  const body = parseBody(tagBody, call.body);
  const parentId = body.parent === undefined ? tag.parentId : named(engine, body.parent).id;
  if (parentId !== tag.parentId && isBelow(engine, parentId, tag.id))
    throw refused("Cannot edit Tag. A tag cannot be below itself.");
  return ok(tagResource(keep(engine, { ...tag, ...defined({ name: body.name, parentId }) })));
};

/** A tag goes with everything that is below it. */
const remove = (engine: Engine, call: Call): Answer => {
  const tag = existing(engine.world.tags, param(call, "id"));
  if (tag.id === rootId) throw refused("Cannot remove Tag. The root is not removed.");
  const gone = new Set([...engine.world.tags.keys()].filter((id) => isBelow(engine, id, tag.id)));
  for (const id of gone) engine.world.tags.delete(id);
  for (const vm of engine.world.vms.values()) vm.tagIds = vm.tagIds.filter((id) => !gone.has(id));
  engine.save();
  return accepted();
};

const vmOf = (engine: Engine, call: Call): Vm => existing(engine.world.vms, param(call, "vm"));

const tagsOf = (engine: Engine, vm: Vm): readonly Tag[] => vm.tagIds.flatMap((id) => engine.world.tags.get(id) ?? []);

const assign = (engine: Engine, call: Call): Answer => {
  const vm = vmOf(engine, call);
  const tag = named(engine, parseBody(tagBody, call.body));
  vm.tagIds = [...vm.tagIds.filter((id) => id !== tag.id), tag.id];
  engine.save();
  return created(tagResource(tag));
};

const takeOff = (engine: Engine, call: Call): Answer => {
  const [vm, id] = [vmOf(engine, call), param(call, "tag")];
  if (!vm.tagIds.includes(id)) throw new MissingEntity("no such tag");
  vm.tagIds = vm.tagIds.filter((one) => one !== id);
  engine.save();
  return accepted();
};

/** `/tags`, a tree that each tag's parent tells, and the tags of a VM. They cannot be searched. */
export const tagRoutes = (engine: Engine): readonly Route<Handle>[] => [
  {
    method: "GET",
    pattern: "/tags",
    handle: (call) => rows(call, "tag", [...engine.world.tags.values()].map(tagResource)),
  },
  { method: "POST", pattern: "/tags", handle: (call) => create(engine, call) },
  {
    method: "GET",
    pattern: "/tags/:id",
    handle: (call) => ok(tagResource(existing(engine.world.tags, param(call, "id")))),
  },
  { method: "PUT", pattern: "/tags/:id", handle: (call) => update(engine, call) },
  { method: "DELETE", pattern: "/tags/:id", handle: (call) => remove(engine, call) },
  {
    method: "GET",
    pattern: "/vms/:vm/tags",
    handle: (call) => rows(call, "tag", tagsOf(engine, vmOf(engine, call)).map(tagResource)),
  },
  { method: "POST", pattern: "/vms/:vm/tags", handle: (call) => assign(engine, call) },
  { method: "DELETE", pattern: "/vms/:vm/tags/:tag", handle: (call) => takeOff(engine, call) },
];
