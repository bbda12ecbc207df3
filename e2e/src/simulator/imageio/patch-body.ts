import type { IncomingMessage } from "node:http";
import { z } from "zod";
import { badRequest } from "./refusal.ts";

/** A PATCH of an image. */
export type ImagePatch =
  | { readonly op: "zero"; readonly offset: number; readonly size: number; readonly flush: boolean }
  | { readonly op: "flush" };

const maxBodyBytes = 4096;
const amount = z.number().int().nonnegative();
const bodySchema = z.record(z.string(), z.unknown());

/** A request's body, when it is a small one. */
export const readSmallBody = async (request: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    const bytes = Buffer.from(part as Uint8Array);
    size += bytes.length;
    if (size > maxBodyBytes) throw badRequest(`Content too large: more than ${maxBodyBytes} bytes`);
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString("utf8");
};

/** Reads the JSON of a PATCH; 400 in the daemon's words. */
export const parsePatch = (body: string): ImagePatch => {
  const fields = parseFields(body);
  const op = fields["op"];
  if (op === undefined) throw badRequest("Missing required value for 'op'");
  if (op === "flush") return { op };
  if (op !== "zero") throw badRequest(`Unsupported value '${toText(op)}' for 'op', supported values: 'zero', 'flush'`);
  const flush = fields["flush"] ?? false;
  if (typeof flush !== "boolean") throw badRequest(`Invalid value for 'flush': ${JSON.stringify(flush)}`);
  if (fields["size"] === undefined) throw badRequest("Missing required value for 'size'");
  return { op, offset: parseAmount("offset", fields["offset"] ?? 0), size: parseAmount("size", fields["size"]), flush };
};

const parseFields = (body: string): Readonly<Record<string, unknown>> => {
  try {
    return bodySchema.parse(JSON.parse(body));
  } catch {
    throw badRequest("Invalid JSON message");
  }
};

const parseAmount = (name: string, value: unknown): number => {
  const parsed = amount.safeParse(value);
  if (!parsed.success) throw badRequest(`Invalid value for '${name}': ${JSON.stringify(value)}`);
  return parsed.data;
};

const toText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
