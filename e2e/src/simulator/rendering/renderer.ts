import { preferredType } from "./accept.ts";
import { renderJson } from "./json/render-json.ts";
import type { Collection, Resource } from "./resource.ts";
import { renderXml } from "./xml/render-xml.ts";
import { parseXmlBody } from "./xml/xml-body.ts";

/** One representation of the API: a media type, how to write it and how to read it. */
export interface Renderer {
  readonly mediaType: string;
  /** Text of an answer. */
  render(content: Resource | Collection): string;
  /**
   * The tree of a request body: objects, arrays and scalars in the API's names, inside an `XmlBody` when it was XML.
   * Throws SyntaxError on malformed text.
   */
  parse(text: string): unknown;
}

const xml: Renderer = { mediaType: "application/xml", render: renderXml, parse: parseXmlBody };

/** What an answer is in when nobody says: XML. */
export const defaultRenderer: Renderer = xml;

const json: Renderer = {
  mediaType: "application/json",
  render: renderJson,
  parse: (text) => JSON.parse(text) as unknown,
};

/** Every representation of the API, the default first. */
const renderers: readonly Renderer[] = [xml, json];

const rendererOf = (mediaType: string | undefined): Renderer | undefined =>
  renderers.find((renderer) => renderer.mediaType === mediaType);

/** The renderer that an Accept header asks for: XML without one; undefined when none of ours fits. */
export const rendererForAccept = (accept: string | undefined): Renderer | undefined =>
  rendererOf(
    preferredType(
      accept ?? "*/*",
      renderers.map(({ mediaType }) => mediaType),
    ),
  );

/** The renderer that reads a body of this Content-Type; undefined when none does. */
export const rendererForContent = (contentType: string | undefined): Renderer | undefined =>
  rendererOf(contentType?.split(";")[0]?.trim().toLowerCase());
