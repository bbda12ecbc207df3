import type { Engine } from "../engine/engine.ts";
import { MissingEntity, refused } from "../engine/engine-fault.ts";
import { parseBody, reference } from "../http/body.ts";
import { type Call, type Handle, accepted, created, rows, param } from "../http/call.ts";
import type { Route } from "../http/router.ts";
import { stub, apiPath } from "../rendering/resource.ts";

const lists = { vms: "vmIds", hosts: "hostIds" } as const;

/** What can have members. */
export type MemberKind = keyof typeof lists;

/** Something that VMs and hosts belong to. */
export interface Holder {
  vmIds: string[];
  hostIds: string[];
}

/** The id of a VM or host that exists; a refusal of the action otherwise. */
export const knownMember = (engine: Engine, kind: MemberKind, id: string, action: string): string => {
  if (!engine.world[kind].has(id)) throw refused(`${action}. There is no such ${kind.slice(0, -1)}.`);
  return id;
};

/** `…/vms` or `…/hosts` of an affinity group or label: list, add and take out. */
export const memberRoutes = (
  engine: Engine,
  kind: MemberKind,
  { path, action, holderOf }: { path: string; action: string; holderOf: (call: Call) => Holder },
): readonly Route<Handle>[] => {
  const [key, element] = [lists[kind], kind.slice(0, -1)];
  const stubOf = (id: string) => stub(element, `${apiPath}/${kind}`, id);
  const keep = (holder: Holder, ids: string[]): void => {
    holder[key] = ids;
    engine.save();
  };
  return [
    {
      method: "GET",
      pattern: `${path}/${kind}`,
      handle: (call) => rows(call, element, holderOf(call)[key].map(stubOf)),
    },
    {
      method: "POST",
      pattern: `${path}/${kind}`,
      handle: (call) => {
        const holder = holderOf(call);
        const id = knownMember(engine, kind, parseBody(reference, call.body).id, action);
        keep(holder, [...holder[key].filter((one) => one !== id), id]);
        return created(stubOf(id));
      },
    },
    {
      method: "DELETE",
      pattern: `${path}/${kind}/:member`,
      handle: (call) => {
        const [holder, id] = [holderOf(call), param(call, "member")];
        if (!holder[key].includes(id)) throw new MissingEntity("no such member");
        keep(
          holder,
          holder[key].filter((one) => one !== id),
        );
        return accepted();
      },
    },
  ];
};
