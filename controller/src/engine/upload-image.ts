import { open } from "node:fs/promises";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { Pool } from "undici";
import type { ImageUpload } from "../hypervisor/image-upload.ts";
import { errorOfConnection, wasNotSent } from "./connection-failures.ts";
import { readBounded } from "./read-bounded.ts";

const pieceBytes = 4 * 2 ** 20;

/**
 * Writes a raw image file into a new disk through imageio: pieces of zeroes are left out, since a new disk reads as zero, and
 * nothing is durable before the flush at the end. The first URL whose server can be reached is used. Trusts the pinned anchor
 * alone. DISK_WRITE_FAILED, ENGINE_UNREACHABLE, ENGINE_UNTRUSTED.
 */
export const uploadImage = async (upload: ImageUpload, signal: AbortSignal): Promise<void> => {
  let refused: unknown = new HoldfastError("DISK_WRITE_FAILED", "imageio named no address to upload to");
  for (const url of upload.urls) {
    try {
      await uploadTo(new URL(url), upload, signal);
      return;
    } catch (caught) {
      if (!(caught instanceof HoldfastError) || !wasNotSent(caught)) throw caught;
      refused = caught;
    }
  }
  throw refused;
};

const uploadTo = async (url: URL, { file, anchorPem }: ImageUpload, signal: AbortSignal): Promise<void> => {
  const pool = new Pool(url.origin, {
    connections: 1,
    connectTimeout: 10_000,
    headersTimeout: 120_000,
    connect: { ca: anchorPem, allowPartialTrustChain: true, rejectUnauthorized: true, minVersion: "TLSv1.2" },
  });
  try {
    await using source = await open(file, "r");
    const piece = Buffer.alloc(pieceBytes);
    const zeroes = Buffer.alloc(pieceBytes);
    let start = 0;
    for (;;) {
      const { bytesRead } = await source.read(piece, 0, pieceBytes, start);
      if (bytesRead === 0) break;
      const bytes = piece.subarray(0, bytesRead);
      if (!bytes.equals(zeroes.subarray(0, bytesRead))) await put(pool, url, { bytes, start }, signal);
      // A file system may give less than was asked for, also before the end.
      start += bytesRead;
    }
    await send(pool, { url, method: "PATCH", body: Buffer.from(JSON.stringify({ op: "flush" })) }, signal);
  } finally {
    await pool.destroy();
  }
};

const put = (
  pool: Pool,
  url: URL,
  { bytes, start }: { readonly bytes: Buffer; readonly start: number },
  signal: AbortSignal,
): Promise<void> => {
  const range = `bytes ${start}-${start + bytes.byteLength - 1}/*`;
  return send(
    pool,
    { url, method: "PUT", query: "?flush=n", body: bytes, headers: { "content-range": range } },
    signal,
  );
};

interface ImageioCall {
  readonly url: URL;
  readonly method: "PUT" | "PATCH";
  readonly query?: string;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

const send = async (pool: Pool, call: ImageioCall, signal: AbortSignal): Promise<void> => {
  try {
    const { statusCode, body } = await pool.request({
      method: call.method,
      path: `${call.url.pathname}${call.query ?? ""}`,
      headers: { ...call.headers, "content-length": String(call.body.byteLength) },
      body: call.body,
      signal,
    });
    const said = await readBounded(body, 65_536);
    if (statusCode === 200) return;
    throw new HoldfastError("DISK_WRITE_FAILED", `imageio refused a ${call.method} (status ${statusCode}): ${said}`);
  } catch (caught) {
    signal.throwIfAborted();
    throw caught instanceof HoldfastError ? caught : errorOfConnection(caught, call.url.origin);
  }
};
