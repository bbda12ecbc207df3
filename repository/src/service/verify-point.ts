import type { MessageInitShape } from "@bufbuild/protobuf";
import type { VerifyPointResponseSchema } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { toRangeMessage } from "../catalog/point-message.ts";
import { markVerified, recordAbsence } from "../catalog/record-verification.ts";
import { type VerifyProgress, verifyPoint as verify } from "../catalog/verify-point.ts";
import type { DamageCode } from "../readings/disk-content.ts";
import { giveWay } from "../verification/courtesy.ts";
import { putAway } from "../verification/put-away.ts";
import type { ServiceDeps } from "./deps.ts";
import { toPointId } from "./requests.ts";
import type { Calls } from "./types.ts";

/** Reads every chunk of a point back; what it finds is put away and written into marks before the last message (K5). */
export const verifyPoint = (deps: ServiceDeps): Calls["verifyPoint"] =>
  async function* (request, { signal }) {
    const point = deps.catalog.requireLive(toPointId(request.pointId));
    let last: VerifyProgress | undefined;
    const codeOf = (id: Uint8Array): DamageCode | undefined => deps.damage.codeOf({ kind: "chunk", id });
    for await (const progress of verify(deps.store, point, signal, codeOf)) {
      if (last) yield toMessage(last);
      last = progress;
      await giveWay(deps, signal);
    }
    if (!last) return;
    await recordAbsence(deps, await putAway(deps.store, last.failed));
    await markVerified(deps, point, last.damaged, { always: true });
    yield toMessage(last);
  };

const toMessage = ({
  chunksTotal,
  chunksVerified,
  damaged,
}: VerifyProgress): MessageInitShape<typeof VerifyPointResponseSchema> => ({
  chunksTotal,
  chunksVerified,
  damaged: damaged.map((range) => ({ range: toRangeMessage(range), code: range.code })),
});
