import { SystemService } from "@holdfast/proto/holdfast/controller/v1/system_pb";
import { type ServedService, serveService } from "@holdfast/shared/rpc/implementation";
import type { ApiDeps } from "../api-deps.ts";

/** `holdfast.controller.v1.SystemService`. */
export const serveSystem = ({ version, installationId, timeZone, startedMs }: ApiDeps): ServedService =>
  serveService(SystemService, {
    getVersion: async () => ({ version, installationId, timeZone, startedMs: BigInt(startedMs) }),
  });
