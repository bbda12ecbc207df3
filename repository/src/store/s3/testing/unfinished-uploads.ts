import type { S3Answer, S3Request, ServerPlugs } from "./server-plugs.ts";

interface Unfinished {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
}

/** How many uploads a page of the listing has, so that tests see several. */
const pageSize = 2;

/** Adds the listing of unfinished uploads. */
export const addUnfinishedUploads = ({ hooks, answered }: ServerPlugs): void => {
  const uploads = new Map<string, Unfinished>();
  hooks.push((request) =>
    request.method === "GET" && "uploads" in request.query ? listing(request, uploads) : undefined,
  );
  answered.push((request, status, payload) => {
    const { method, bucket, key, query } = request;
    const uploadId = query["uploadId"];
    if (method === "POST" && "uploads" in query && status === 200) {
      const made = /<UploadId>(.*?)<\/UploadId>/.exec(String(payload))?.[1] ?? "";
      uploads.set(made, { bucket, key, uploadId: made });
    }
    if (uploadId !== undefined && (method === "POST" || method === "DELETE") && status < 300) uploads.delete(uploadId);
    return {};
  });
};

const listing = ({ bucket, query }: S3Request, uploads: ReadonlyMap<string, Unfinished>): S3Answer => {
  const prefix = query["prefix"] ?? "";
  const all = [...uploads.values()]
    .filter((upload) => upload.bucket === bucket && upload.key.startsWith(prefix))
    .toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
  const start = orderOf({ key: query["key-marker"] ?? "", uploadId: query["upload-id-marker"] ?? "" });
  const rest = all.filter((upload) => orderOf(upload) > start);
  const page = rest.slice(0, pageSize);
  const last = page.at(-1);
  const entries = page.map(({ key, uploadId }) => `<Upload><Key>${key}</Key><UploadId>${uploadId}</UploadId></Upload>`);
  const isTruncated = rest.length > page.length;
  const next = isTruncated
    ? `<NextKeyMarker>${last?.key}</NextKeyMarker><NextUploadIdMarker>${last?.uploadId}</NextUploadIdMarker>`
    : "";
  const body = `<IsTruncated>${isTruncated}</IsTruncated>${next}${entries.join("")}`;
  return { status: 200, body: `<ListMultipartUploadsResult>${body}</ListMultipartUploadsResult>` };
};

const orderOf = ({ key, uploadId }: Pick<Unfinished, "key" | "uploadId">): string => `${key}\n${uploadId}`;
