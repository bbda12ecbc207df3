import { execFileSync } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { parseXml } from "../xml/read-xml.ts";
import { ImageClient } from "../testing/image-client.ts";
import { type Lab, smallConfig, startLab } from "../testing/lab.ts";
import { indented } from "../testing/sdk/element-text.ts";
import {
  type Flow,
  backUp,
  checksumDisk,
  downloadDisk,
  findVm,
  meetRefusals,
  purgeCheckpoints,
  uploadDisk,
} from "../testing/sdk/flows.ts";
import { JsonFlowClient } from "../testing/sdk/json-client.ts";
import { createNormaliser } from "../testing/sdk/normalise.ts";
import { StrictXmlClient } from "../testing/sdk/strict-xml-client.ts";

const golden = join(import.meta.dirname, "..", "golden");
const mib = 2 ** 20;

const blake2b = (bytes: Uint8Array): Buffer =>
  Buffer.from(execFileSync("b2sum", ["--length=256"], { input: bytes }).toString().slice(0, 64), "hex");

/** imageio's sum of an image of one block: the hash of the block's hash. */
const sumOf = (bytes: Uint8Array): string => blake2b(blake2b(bytes)).toString("hex");

const pretty = {
  xml: (text: string): string => indented(parseXml(text)),
  json: (text: string): string => `${JSON.stringify(JSON.parse(text), undefined, 2)}\n`,
} as const;

describe.each(["xml", "json"] as const)("the flows of SDK programs, in %s", (kind) => {
  let lab: Lab;
  let flow: Flow;
  const stack = new AsyncDisposableStack();
  const spoken: string[] = [];
  const normalise = createNormaliser();
  const checkpoints: string[] = [];
  let vmId: string;

  beforeAll(async () => {
    lab = stack.use(
      await startLab(
        smallConfig({
          clusters: [{ name: "live", version: "4.6" }],
          // One host, so that every transfer is on the same.
          hosts: [{ name: "h1", cluster: "live" }],
          vms: [
            {
              name: "web1",
              cluster: "live",
              status: "up",
              disks: [{ alias: "root", size: mib, fill: { seed: 1, bytes: mib } }],
            },
          ],
        }),
      ),
    );
    const client = stack.use(kind === "xml" ? new StrictXmlClient(lab) : new JsonFlowClient(lab));
    const keep = async (name: string): Promise<void> => {
      const { request, response } = client.exchanges.at(-1) ?? expect.fail("nothing was said");
      spoken.push(`${name}: ${request.method} ${request.path} -> ${response.status} ${response.contentType}`);
      const file = (side: string): string => join(golden, kind, `${name}.${side}.${kind}`);
      const show = (text: string): string => normalise(pretty[kind](text));
      if (request.body !== undefined) await expect(show(request.body)).toMatchFileSnapshot(file("request"));
      await expect(show(response.body)).toMatchFileSnapshot(file("response"));
    };
    const keepJson = async (name: string, text: string): Promise<void> => {
      await expect(normalise(pretty.json(text))).toMatchFileSnapshot(join(golden, `${name}.json`));
    };
    flow = { client, images: stack.use(new ImageClient(lab)), keep, keepJson };
  });

  afterAll(() => stack.disposeAsync());

  test("a VM is found with its configuration, and backed up in full", async () => {
    vmId = await findVm(flow, "web1");
    const { checkpointId, bytes } = await backUp(flow, "full-backup", vmId);
    expect(bytes.map(({ length }) => length)).toEqual([mib]);
    checkpoints.push(checkpointId);
  });

  test("an increment follows from its checkpoint", async () => {
    const { checkpointId } = await backUp(flow, "incremental-backup", vmId, checkpoints[0]);
    checkpoints.push(checkpointId);
  });

  test("checkpoints are listed, and removed until they are not found", async () => {
    expect(await purgeCheckpoints(flow, vmId)).toEqual(checkpoints);
  });

  test("a disk is uploaded, downloaded and checked by its sum", async () => {
    const bytes = Buffer.alloc(mib, 7);
    const diskId = await uploadDisk(flow, "data", bytes);
    expect((await downloadDisk(flow, diskId)).equals(bytes)).toBe(true);
    expect(await checksumDisk(flow, diskId)).toBe(sumOf(bytes));
  });

  test("what goes wrong is told by a fault or by 404, and the events of a backup are found by its id", async () => {
    await meetRefusals(flow, vmId);
  });

  test("the exchanges are those that were written down", async () => {
    const lines = `${normalise(spoken.join("\n"))}\n`;
    await expect(lines).toMatchFileSnapshot(join(golden, `${kind}.exchanges.txt`));
    const kept = (await readdir(join(golden, kind))).map((file) => file.split(".")[0]);
    expect(new Set(kept)).toEqual(new Set(spoken.map((line) => line.split(":")[0])));
    await flow.keepJson("sso/logout", await flow.client.logout());
  });
});
