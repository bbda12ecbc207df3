import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { z } from "zod";

import { changeDomain } from "../domains/change-domain.ts";
import { spaceOf } from "../domains/domain-space.ts";
import { changeHost } from "../hosts/change-host.ts";
import type { Route } from "../http/router.ts";
import { hostStatuses, storageDomainStatuses } from "../model/inventory.ts";
import type { Control, ControlCall, ControlHandle } from "./control.ts";

/** Body of `POST /hosts/:host/status`. */
export const hostStatusSchema = z.strictObject({ status: z.enum(hostStatuses) });

/** Body of `POST /hosts/:host/tickets`. */
export const ticketFateSchema = z.strictObject({ become: z.enum(["lost", "expired"]) });

/** Body of `POST /storage-domains/:domain`. */
export const domainChangeSchema = z.strictObject({
  status: z.enum(storageDomainStatuses).optional(),
  /** What is to be left of its space; null gives back what was taken. */
  availableBytes: z.number().int().nonnegative().nullable().optional(),
});

const byIdOrName = <Row extends { readonly id: string; readonly name: string }>(
  rows: ReadonlyMap<string, Row>,
  text: string | undefined,
): Row => {
  const row = [...rows.values()].find(({ id, name }) => id === text || name === text);
  if (row === undefined) throw new HoldfastError("NOT_FOUND", `there is no ${text ?? ""}`);
  return row;
};

const showDomains = ({ engine }: Control) =>
  [...engine.world.storageDomains.values()].map((domain) => ({
    id: domain.id,
    name: domain.name,
    status: domain.status ?? "active",
    ...spaceOf(engine.world, domain),
  }));

const setDomain = ({ engine }: Control, call: ControlCall) => {
  const domain = byIdOrName(engine.world.storageDomains, call.params["domain"]);
  changeDomain(engine, domain, domainChangeSchema.parse(call.body));
  return { id: domain.id, ...spaceOf(engine.world, domain) };
};

/** As after a restart of the host's imageio, whose tickets are in its memory; or as after the time of a ticket that nobody extended. */
const spoilTickets = async ({ engine }: Control, call: ControlCall) => {
  const { id } = byIdOrName(engine.world.hosts, call.params["host"]);
  const { become } = ticketFateSchema.parse(call.body);
  const tickets = engine.imageio.hosts.get(id)?.tickets;
  const ids = tickets?.list() ?? [];
  for (const ticketId of ids) {
    if (become === "lost") await tickets?.remove(ticketId);
    else tickets?.extend(ticketId, 0);
  }
  return { tickets: ids.length };
};

/** Hosts and storage domains, by id or name, that go down, fill up and come back. */
export const placeRoutes = (control: Control): readonly Route<ControlHandle>[] => [
  {
    method: "POST",
    pattern: "/hosts/:host/status",
    handle: async (call) => {
      const host = byIdOrName(control.engine.world.hosts, call.params["host"]);
      await changeHost(control.engine, control.transfers, host, hostStatusSchema.parse(call.body).status);
      return {};
    },
  },
  { method: "POST", pattern: "/hosts/:host/tickets", handle: (call) => spoilTickets(control, call) },
  { method: "GET", pattern: "/storage-domains", handle: () => showDomains(control) },
  { method: "POST", pattern: "/storage-domains/:domain", handle: (call) => setDomain(control, call) },
];
