import { renderJson } from "./json/render-json.ts";
import type { Collection, Resource } from "./resource.ts";

/** One representation of the API: a media type, how to write it and how to read it. */
export interface Renderer {
  readonly mediaType: string;
  /** Text of an answer. */
  render(content: Resource | Collection): string;
  /** The tree of a request body: objects, arrays and scalars in the API's names. Throws on malformed text. */
  parse(text: string): unknown;
}

const json: Renderer = {
  mediaType: "application/json",
  render: renderJson,
  parse: (text) => JSON.parse(text) as unknown,
};

/** Every representation that this simulator speaks; the engine's default, XML, would be one more entry. */
const renderers: readonly Renderer[] = [json];

const mediaTypes = (header: string): readonly string[] =>
  header.split(",").map((part) => (part.split(";")[0] ?? "").trim().toLowerCase());

/**
 * The renderer that an Accept header asks for; undefined when none of ours fits, which is also so without a header,
 * since the engine's default is XML.
 */
export const rendererForAccept = (accept: string | undefined): Renderer | undefined => {
  const wanted = mediaTypes(accept ?? "application/xml");
  return renderers.find((renderer) => wanted.includes(renderer.mediaType));
};

/** The renderer that reads a body of this Content-Type; undefined when none does. */
export const rendererForContent = (contentType: string | undefined): Renderer | undefined =>
  renderers.find((renderer) => mediaTypes(contentType ?? "").includes(renderer.mediaType));
