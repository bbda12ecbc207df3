import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  ContentKey,
  ContentKeySchema,
  OpeningKeys as OpeningKeysMessage,
  OpeningKeysSchema,
  SealingKeys as SealingKeysMessage,
  SealingKeysSchema,
} from "@holdfast/proto/holdfast/keys/v1/keys_pb";
import { HoldfastError } from "../errors/holdfast-error.ts";
import { keyBytes, type OpeningKeys, type SealingKeys } from "../format/repository-keys.ts";

/** Keys of a writer as they travel to it. */
export const fromSealingKeys = ({
  idKey,
  keyId,
  contentKey,
  manifestKey,
  contentKeys,
}: SealingKeys): MessageInitShape<typeof SealingKeysSchema> => ({
  idKey,
  keyId,
  contentKey,
  manifestKey,
  contentKeys: toList(contentKeys),
});

const toList = (keys: ReadonlyMap<string, Uint8Array>): MessageInitShape<typeof ContentKeySchema>[] =>
  [...keys].map(([keyId, key]) => ({ keyId, key }));

/** Keys of a reader as they travel to it. */
export const fromOpeningKeys = ({ idKey, contentKeys }: OpeningKeys): MessageInitShape<typeof OpeningKeysSchema> => ({
  idKey,
  contentKeys: toList(contentKeys),
});

const checked = (key: Uint8Array): Uint8Array => {
  if (key.byteLength === keyBytes) return Uint8Array.from(key);
  throw new HoldfastError("INVALID_ARGUMENT", `a key of ${key.byteLength} bytes is none`);
};

const checkedId = (keyId: string): string => {
  if (/^[0-9a-f]{16}$/.test(keyId)) return keyId;
  throw new HoldfastError("INVALID_ARGUMENT", "a key id that is none");
};

const fromList = (keys: readonly ContentKey[]): ReadonlyMap<string, Uint8Array> =>
  new Map(keys.map(({ keyId, key }) => [checkedId(keyId), checked(key)]));

/** A writer's keys; undefined where nothing is encrypted. */
export const toSealingKeys = (message: SealingKeysMessage | undefined): SealingKeys | undefined => {
  if (message === undefined) return undefined;
  const { idKey, keyId, contentKey, manifestKey, contentKeys } = message;
  return {
    idKey: checked(idKey),
    keyId: checkedId(keyId),
    contentKey: checked(contentKey),
    manifestKey: checked(manifestKey),
    contentKeys: fromList(contentKeys),
  };
};

/** A reader's keys; undefined where nothing is encrypted. */
export const toOpeningKeys = (message: OpeningKeysMessage | undefined): OpeningKeys | undefined => {
  if (message === undefined) return undefined;
  return { idKey: checked(message.idKey), contentKeys: fromList(message.contentKeys) };
};
