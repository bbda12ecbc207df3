import { z } from "zod";

/** What a start tells the engine about the guest, in the form of the engine's API: `vm.initialization` of `POST /vms/ID/start`. */
export const initializationSchema = z.looseObject({
  host_name: z.string(),
  custom_script: z.string(),
  dns_servers: z.string().optional(),
  nic_configurations: z
    .object({
      nic_configuration: z
        .array(
          z.looseObject({
            name: z.string(),
            boot_protocol: z.enum(["dhcp", "static"]).default("dhcp"),
            ip: z.object({ address: z.string(), netmask: z.string(), gateway: z.string().optional() }).optional(),
          }),
        )
        .default([]),
    })
    .optional(),
});

export type Initialization = z.output<typeof initializationSchema>;
