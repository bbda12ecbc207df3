import { systemClock } from "@holdfast/shared/clock/clock";
import { expect, test } from "vitest";
import { makeCa } from "../engine/testing/certificates.ts";
import { startLocalEngine } from "../engine/testing/local-engine.ts";
import type { Host } from "../hypervisor/inventory.ts";
import { checkHosts } from "./check-hosts.ts";

const never = new AbortController().signal;

const host = (id: string, facts: Partial<Host> = {}): Host => ({
  id,
  name: id,
  address: "127.0.0.1",
  clusterId: "c",
  status: "up",
  ...facts,
});

test("a usable host shows the pinned anchor, is someone else, or does not answer the controller and is not checked", async () => {
  const [internal, stranger] = [await makeCa("internal CA"), await makeCa("stranger")];
  const serve = async (ca: typeof internal) => startLocalEngine(await ca.issue(), () => ({ status: 404 }));
  await using right = await serve(internal);
  await using wrong = await serve(stranger);
  const transferOf = (hostId: string, port: number) => ({
    hostId,
    transferUrl: `https://127.0.0.1:${port}/images/secret-ticket`,
  });
  const checks = await checkHosts(
    {
      hosts: [
        host("right"),
        host("wrong"),
        host("silent"),
        host("untold", { address: "127.9.9.9" }),
        host("resting", { status: "maintenance" }),
      ],
      transfers: [transferOf("right", right.port), transferOf("wrong", wrong.port), transferOf("silent", 1)],
      imageioAnchorPem: internal.cert,
      clock: systemClock,
    },
    never,
  );
  expect(checks).toMatchObject([
    {
      name: "imageio of host right",
      passed: true,
      skipped: false,
      message: `127.0.0.1:${right.port} is signed by the pinned anchor`,
    },
    { passed: false, skipped: false, message: expect.stringContaining("ENGINE_UNTRUSTED") as unknown },
    { passed: true, skipped: true, message: expect.stringContaining("not checked: 127.0.0.1:1 does not") as unknown },
    { passed: true, skipped: true, message: expect.stringContaining("not checked: 127.9.9.9:54322") as unknown },
  ]);
  expect(checks.map(({ message }) => message).join()).not.toContain("secret-ticket");
});
