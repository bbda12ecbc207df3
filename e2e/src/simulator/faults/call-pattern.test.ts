import { expect, test } from "vitest";

import { matchesCall } from "./call-pattern.ts";

const api = "/ovirt-engine/api";

test.each([
  ["GET /vms", "GET", `${api}/vms`, true],
  ["GET /vms", "GET", `${api}/v4/vms`, true],
  ["GET /vms", "POST", `${api}/vms`, false],
  ["* /vms", "POST", `${api}/vms`, true],
  ["GET /vms", "GET", `${api}/vms/1`, false],
  ["GET /vms/*/nics", "GET", `${api}/vms/1/nics`, true],
  ["GET /vms/:vm/nics", "GET", `${api}/vms/1/nics`, true],
  ["GET /vms/**", "GET", `${api}/vms/1/nics/2`, true],
  ["GET /vms/**", "GET", `${api}/vms`, true],
  ["GET /vms/**", "GET", `${api}/disks`, false],
  ["POST /ovirt-engine/sso/oauth/token", "POST", "/ovirt-engine/sso/oauth/token", true],
  ["* /**", "GET", "/ovirt-engine/services/pki-resource", true],
  ["GET /sso", "GET", "/ovirt-engine/sso", false],
])("%s and %s %s: %s", (pattern, method, path, fits) => {
  expect(matchesCall(pattern, method, path)).toBe(fits);
});
