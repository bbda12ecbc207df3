import { create } from "@bufbuild/protobuf";
import { CertificateSchema } from "@holdfast/proto/holdfast/controller/v1/common_pb";
import { expect, test } from "vitest";
import { scriptedContext } from "../testing/scripted-context.ts";
import { trustAnchors } from "./anchors.ts";

const certificate = (name: string, sha256Fingerprint: string) =>
  create(CertificateSchema, { subject: name, sha256Fingerprint, daysLeft: 9, pem: `PEM ${name}` });
const probe = () => Promise.resolve({ api: certificate("api", "AA:01"), imageio: certificate("internal", "BB:02") });

test("without a terminal and without an answer it refuses, and names the fingerprint", async () => {
  await expect(trustAnchors(scriptedContext(), {}, probe)).rejects.toMatchObject({
    code: "ENGINE_UNTRUSTED",
    message: expect.stringContaining("AA:01"),
  });
});

test("fingerprints given beforehand are enough, with or without colons", async () => {
  const trusted = await trustAnchors(scriptedContext(), { fingerprint: ["aa01", "BB:02"] }, probe);
  expect(trusted).toEqual({ apiAnchorPem: "PEM api", imageioAnchorPem: "PEM internal" });
});

test("on a terminal both are shown and asked for", async () => {
  const context = scriptedContext({ answers: ["yes", "yes"] });
  expect(await trustAnchors(context, {}, probe)).toEqual({ apiAnchorPem: "PEM api", imageioAnchorPem: "PEM internal" });
  expect(context.noted.join("\n")).toMatch(/AA:01[^]*days left +9[^]*BB:02/);
});

test("anything but yes refuses", async () => {
  await expect(trustAnchors(scriptedContext({ answers: ["yes", ""] }), {}, probe)).rejects.toMatchObject({
    code: "ENGINE_UNTRUSTED",
  });
});
