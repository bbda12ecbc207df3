import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { request } from "undici";

/** One request of the control endpoint; anything but 200 is thrown with what the simulator said. */
export const callControl = async (
  origin: string,
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: unknown,
): Promise<unknown> => {
  const response = await request(`${origin}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    headersTimeout: 120_000,
    bodyTimeout: 120_000,
  });
  const text = await response.body.text();
  if (response.statusCode === 200) return JSON.parse(text) as unknown;
  throw new HoldfastError(
    "FAILED_PRECONDITION",
    `the simulator refused ${method} ${path}: ${response.statusCode} ${text}`,
  );
};
