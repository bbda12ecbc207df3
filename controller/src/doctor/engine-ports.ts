import { z } from "zod";

const port = z.coerce.number().int().min(1).max(65_535);

/** Where engines are expected to serve images, where nothing under way tells it. */
export const enginePortsSchema = z.strictObject({
  /** Of every host. */
  imageioPort: port.default(54_322),
  /** Of single hosts, by name; as a variable in JSON. */
  imageioPortOf: z.record(z.string(), port).default({}),
  /** Of the imageio proxy beside each engine. */
  proxyPort: port.default(54_323),
});

/** Where engines are expected to serve images. */
export type EnginePorts = z.output<typeof enginePortsSchema>;
