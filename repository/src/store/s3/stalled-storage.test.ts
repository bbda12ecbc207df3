import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { systemRandom } from "@holdfast/shared/ids/ids";
import { afterEach, expect, test } from "vitest";
import { codeOf } from "../testing/code-of.ts";
import { openS3Bucket } from "./s3-bucket.ts";
import { S3ObjectStore } from "./s3-object-store.ts";
import { s3SettingsSchema } from "./s3-settings.ts";
import { unfinishedUploads } from "./unfinished-uploads.ts";

let server: Server;

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** A storage that answers every request in one way, whatever it is asked. */
const openStorage = async (answer: (response: ServerResponse) => void, timeoutSeconds = 60) => {
  server = createServer((_request, response) => {
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const settings = s3SettingsSchema.parse({ endpoint: `http://127.0.0.1:${port}`, bucket: "test", timeoutSeconds });
  return await openS3Bucket(settings, { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" });
};

test("an answer that stalls amid its bytes is no answer: nobody waits for ever", async () => {
  const bucket = await openStorage((response) => {
    response.writeHead(200, { "content-length": "1000" });
    response.write(Buffer.alloc(100));
  }, 0.5);
  await using store = new S3ObjectStore(bucket, systemRandom);
  expect(await codeOf(store.getRange("packs/a", { offset: 0, length: 1000 }))).toBe("STORE_UNREACHABLE");
});

test("an object that is larger than any that is read whole is damage, and is not taken into memory", async () => {
  let sent = 0;
  const bucket = await openStorage((response) => {
    response.writeHead(200, { "content-length": String(40 * 1024 * 1024 * 1024) });
    const more = (): void => {
      sent += 1;
      if (!response.destroyed && response.write(Buffer.alloc(1024 * 1024))) setImmediate(more);
      else response.once("drain", more);
    };
    more();
  });
  await using store = new S3ObjectStore(bucket, systemRandom);
  expect(await codeOf(store.get("descriptor"))).toBe("REPOSITORY_DAMAGED");
  expect(sent).toBeLessThan(64);
});

test("a listing of unfinished uploads that does not get on is an error, not an endless one", async () => {
  const upload = "<Upload><Key>k</Key><UploadId>u</UploadId></Upload>";
  const page = `<IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker><NextUploadIdMarker>u</NextUploadIdMarker>`;
  const bucket = await openStorage((response) => {
    response.writeHead(200, { "content-type": "application/xml" });
    response.end(`<?xml version="1.0"?><ListMultipartUploadsResult>${page}${upload}</ListMultipartUploadsResult>`);
  });
  const count = async (): Promise<void> => {
    let found = 0;
    for await (const { name } of unfinishedUploads(bucket, undefined)) {
      expect(name).toBe("k");
      if ((found += 1) > 10) throw new Error("endless");
    }
  };
  expect(await codeOf(count())).toBe("IO_FAILED");
});
