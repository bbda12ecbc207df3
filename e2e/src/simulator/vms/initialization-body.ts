import { z } from "zod";

import { bool, collection, entity, text } from "../http/body.ts";
import { defined } from "../model/defined.ts";
import type { Initialization, NicConfiguration } from "../model/initialization.ts";

const nicConfiguration = entity(
  {
    name: text,
    on_boot: bool.optional(),
    boot_protocol: z.enum(["dhcp", "static", "none", "autoconf", "poly_dhcp_autoconf"]).optional(),
    ip: entity({ address: text.optional(), netmask: text.optional(), gateway: text.optional() }, [
      "version",
    ]).optional(),
  },
  ["ipv6", "ipv6_boot_protocol"],
);

/** Texts that are kept and shown, and change nothing. */
const keptTexts = {
  active_directory_ou: text.optional(),
  authorized_ssh_keys: text.optional(),
  cloud_init_network_protocol: text.optional(),
  domain: text.optional(),
  input_locale: text.optional(),
  org_name: text.optional(),
  regenerate_ssh_keys: text.optional(),
  system_locale: text.optional(),
  timezone: text.optional(),
  ui_language: text.optional(),
  user_locale: text.optional(),
  windows_license_key: text.optional(),
};

/** Fields of the API's initialization that mean nothing to the simulator, and the password, which no engine tells again. */
const unmodelled = ["cloud_init", "root_password"];

/** Body of `initialization`: an OVF to make a VM from, or what cloud-init is told. */
export const initializationBody = entity(
  {
    configuration: z.looseObject({ type: z.enum(["ovf", "ova"]), data: z.string().min(1) }).optional(),
    regenerate_ids: bool.optional(),
    host_name: text.optional(),
    user_name: text.optional(),
    dns_servers: text.optional(),
    dns_search: text.optional(),
    custom_script: text.optional(),
    ...keptTexts,
    nic_configurations: collection("nic_configuration", nicConfiguration).optional(),
  },
  unmodelled,
);
type InitializationBody = z.output<typeof initializationBody>;

const toNic = (body: z.output<typeof nicConfiguration>): NicConfiguration => {
  const { boot_protocol: protocol = "none", ip } = body;
  const isLeased = protocol === "dhcp" || protocol === "poly_dhcp_autoconf";
  return {
    name: body.name,
    onBoot: body.on_boot ?? false,
    protocol: isLeased ? "dhcp" : protocol === "static" ? "static" : "none",
    ...defined({ address: ip?.address, netmask: ip?.netmask, gateway: ip?.gateway }),
  };
};

/** What cloud-init is told by a body; undefined when it says nothing of that. */
export const toInitialization = (body: InitializationBody | undefined): Initialization | undefined => {
  if (body === undefined || body.configuration !== undefined) return undefined;
  const more = Object.fromEntries(
    Object.entries(body).flatMap(([name, value]) =>
      name in keptTexts && typeof value === "string" ? [[name, value]] : [],
    ),
  );
  return {
    nics: (body.nic_configurations ?? []).map(toNic),
    ...defined({
      hostName: body.host_name,
      userName: body.user_name,
      dnsServers: body.dns_servers,
      dnsSearch: body.dns_search,
      customScript: body.custom_script,
      more: Object.keys(more).length === 0 ? undefined : more,
    }),
  };
};
