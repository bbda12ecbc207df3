import { z } from "zod";

const port = z.coerce.number().int().min(1).max(65_535);

/** `h1=4123,h2=4124`, as a variable gives it. */
const portsByHost = z.string().transform((text) =>
  Object.fromEntries(
    text
      .split(",")
      .filter((pair) => pair.trim() !== "")
      .map((pair) => {
        const [host = "", value = ""] = pair.split("=").map((part) => part.trim());
        return [host, value];
      }),
  ),
);

/** Where engines are expected to serve images, where nothing under way tells it. */
export const enginePortsSchema = z.strictObject({
  /** Of every host. */
  imageioPort: port.default(54_322),
  /** Of single hosts, by name. */
  imageioPortOf: z.preprocess(
    (value) => (typeof value === "string" ? portsByHost.parse(value) : value),
    z.record(z.string(), port).default({}),
  ),
  /** Of the imageio proxy beside each engine. */
  proxyPort: port.default(54_323),
});

/** Where engines are expected to serve images. */
export type EnginePorts = z.output<typeof enginePortsSchema>;
