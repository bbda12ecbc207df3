import { expect, test } from "vitest";
import { makeCa } from "../engine/testing/certificates.ts";
import { testManager } from "../testing/test-rows.ts";
import { managerFindings } from "./manager-findings.ts";

test("a manager that was replaced is an error, with the command that ends it", async () => {
  const { cert } = await makeCa("the engine's CA");
  const record = testManager({ name: "prod", apiAnchorPem: cert, imageioAnchorPem: cert });
  const reason = "another engine answers";
  const findings = managerFindings({ record, condition: { state: "replaced", reason } }, 0);
  expect(findings[0]).toMatchObject({
    kind: "manager",
    state: "error",
    message: `replaced: ${reason}`,
    advice: expect.stringContaining("holdfast manager trust NAME") as unknown,
  });
});
