import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { z } from "zod";
import type { ImageConnection } from "./image-connection.ts";

/** What a server says that it can do with an image. */
export interface ImageCapabilities {
  /** False for a server so old that it answers none of this. */
  readonly hasOptions: boolean;
  readonly hasExtents: boolean;
  /** Connections that may read at once; more of them hang instead of failing. */
  readonly maxReaders: number;
  readonly maxWriters: number;
  /** The server's unix socket, of use on its own machine only. */
  readonly unixSocket: string | undefined;
}

const optionsSchema = z.object({
  unix_socket: z.string().optional(),
  features: z.array(z.string()).default([]),
  max_readers: z.int().positive().default(1),
  max_writers: z.int().positive().default(1),
});

/** What servers older than all these words can do: ranges, one connection at a time. */
const oldest: ImageCapabilities = {
  hasOptions: false,
  hasExtents: false,
  maxReaders: 1,
  maxWriters: 1,
  unixSocket: undefined,
};

/** Asks what the server can do with the image. TICKET_REFUSED when it does not take the ticket, UNAVAILABLE when out of reach. */
export const askCapabilities = async (connection: ImageConnection, signal: AbortSignal): Promise<ImageCapabilities> => {
  let text: string;
  try {
    const answer = await connection.sendForWords({ method: "OPTIONS" }, signal);
    if (answer.statusCode === 204) return oldest;
    text = answer.words;
  } catch (caught) {
    if (caught instanceof HoldfastError && caught.details["status"] === 405) return oldest;
    throw caught;
  }
  const options = optionsSchema.safeParse(parseJson(text));
  if (!options.success)
    throw new HoldfastError("ENGINE_PROTOCOL", "imageio's options are not what they should be", {
      cause: options.error,
    });
  const { features, max_readers: maxReaders, max_writers: maxWriters, unix_socket: unixSocket } = options.data;
  return { hasOptions: true, hasExtents: features.includes("extents"), maxReaders, maxWriters, unixSocket };
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new HoldfastError("ENGINE_PROTOCOL", "imageio's options are no JSON", { cause });
  }
};
