import type { UserToken } from "@holdfast/proto/holdfast/controller/v1/identity_pb";
import { tableText } from "../output/output.ts";
import { timeText } from "../output/units.ts";

/** Tokens as a table; of the tokens themselves nothing is known. */
export const tokenTable = (tokens: readonly UserToken[]): string =>
  tableText(
    ["id", "name", "role", "created", "expires", "last used", "revoked"],
    tokens.map((one) => [
      one.tokenId,
      one.name,
      one.role,
      timeText(one.createdMs),
      timeText(one.expiresMs),
      timeText(one.lastUsedMs),
      timeText(one.revokedMs),
    ]),
  );
