/** Keys whose values never reach a log, in whatever object of a line they stand (R12). */
export const secretKeys: readonly string[] = [
  "password",
  "token",
  "taskToken",
  "accessToken",
  "ticket",
  "ticketUrl",
  "ticketId",
  "transferUrl",
  "proxyUrl",
  "key",
  "secret",
  "authorization",
  "Authorization",
  "cookie",
];

const shown = "[redacted]";
const maxDepth = 6;
const names = new Set(secretKeys.map((key) => key.toLowerCase()));

/** A copy of a line's fields with secret values replaced, at any depth; what lies deeper than six objects is cut. */
export const redact = (value: unknown, depth = 0): unknown => {
  if (Array.isArray(value)) return depth >= maxDepth ? "[deep]" : value.map((item) => redact(item, depth + 1));
  if (typeof value === "bigint") return value.toString();
  if (!isPlain(value)) return value;
  if (depth >= maxDepth) return "[deep]";

  const entries = Object.entries(value).map(([key, item]) => [
    key,
    names.has(key.toLowerCase()) ? shown : redact(item, depth + 1),
  ]);
  return Object.fromEntries(entries);
};

/** Hides what imageio's addresses carry: whoever knows the path of `/images/<ticket>` may read or write the disk. */
export const redactText = (text: string): string =>
  text.replaceAll(/(\/images\/)[0-9a-f-]{8,}/gi, `$1${shown}`).replaceAll(/(Bearer\s+)\S+/gi, `$1${shown}`);

const isPlain = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};
