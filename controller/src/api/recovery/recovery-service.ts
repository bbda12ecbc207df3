import { RecoveryService } from "@holdfast/proto/holdfast/controller/v1/recovery_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { toHex } from "@holdfast/shared/format/content-id";
import { recoveryKeyBytes, recoveryKeyId } from "@holdfast/shared/recovery/recovery-key";
import { type ServedService, serveService } from "@holdfast/shared/rpc/implementation";
import type { ApiDeps } from "../api-deps.ts";

/** `holdfast.controller.v1.RecoveryService`. */
export const serveRecovery = ({ configurations, identity, installationId }: ApiDeps): ServedService =>
  serveService(RecoveryService, {
    setRecoveryKey: async ({ publicKey }) => {
      if (publicKey.byteLength !== recoveryKeyBytes)
        throw new HoldfastError("INVALID_ARGUMENT", `a public recovery key has ${recoveryKeyBytes} bytes`);
      const { kit, madeMs } = await configurations.setRecoveryKey(publicKey);
      return { kit, installationId, caFingerprint: identity.authority.caFingerprint, madeMs: BigInt(madeMs) };
    },
    getRecovery: async () => {
      const record = await configurations.recovery();
      const standings = await configurations.standings();
      return {
        ...(record === undefined
          ? {}
          : { kit: record.kit, keyId: toHex(recoveryKeyId(record.publicKey)), madeMs: BigInt(record.madeMs) }),
        repositories: standings.map(({ repositoryId, name, kept, isCurrent, problem }) => ({
          repositoryId,
          name,
          number: kept?.number ?? 0,
          createdMs: BigInt(kept?.createdMs ?? 0),
          current: isCurrent,
          problem: problem?.message ?? "",
        })),
      };
    },
  });
