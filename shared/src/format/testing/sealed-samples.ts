import { makeKeyList } from "../../keys/key-list.ts";
import { wrapWithPassword, wrapWithRecoveryKey } from "../../keys/wrap-key.ts";
import { formatRecoveryKey } from "../../keys/recovery-key.ts";
import { chunkIdOf } from "../chunk-id.ts";
import { chunkSizes } from "../chunk-size.ts";
import { toHex } from "../content-id.ts";
import { encodeManifest } from "../manifest.ts";
import { encodePage } from "../page.ts";
import { buildTree } from "../page-tree.ts";
import { encodeRecord, type EncodedRecord } from "../record.ts";
import { deriveKeys, keyCheckOf } from "../repository-keys.ts";
import { counting, goldenManifest, goldenRepository, numberedIds } from "./golden-samples.ts";

/** The master key of every golden vector: bytes 0, 1 … 31. */
export const goldenMaster = counting(32);
/** The recovery key of the golden vectors: bytes 255, 254 … 224. */
export const goldenRecoveryKey = counting(32).map((byte) => 255 - byte);
/** The password of the golden vectors. */
export const goldenPassword = "correct horse";
/** Key ids of the golden vectors; the second is active. */
export const goldenKeyIds = { activeKeyId: "0102030405060708", keyIds: ["a1a2a3a4a5a6a7a8", "0102030405060708"] };
/** Cheap, and the least that is taken. */
export const goldenCosts = { N: 2 ** 14, r: 8, p: 1 };

const joined = ({ header, stored }: EncodedRecord): string => toHex(Buffer.concat([header, stored]));

/** Every golden vector of an encrypted repository, by its name; nonces are those that the kernel gives. */
export const makeSealedVectors = async (): Promise<Readonly<Record<string, string>>> => {
  const { sealing: keys } = deriveKeys(goldenMaster, goldenKeyIds);
  const { idKey } = keys;
  const [chunkSize] = chunkSizes;
  const plain = counting(1000);
  const page = encodePage({ level: 0, ids: numberedIds(5) }, idKey);
  const common = { repositoryId: goldenRepository, compression: "zstd", keys } as const;
  const what = { repositoryId: goldenRepository, master: goldenMaster };
  const wraps = [
    await wrapWithPassword(what, goldenPassword, { random: counting, costs: goldenCosts }),
    wrapWithRecoveryKey(what, goldenRecoveryKey, counting),
  ];
  return {
    idKey: toHex(idKey),
    contentKey: toHex(keys.contentKey),
    manifestKey: toHex(keys.manifestKey),
    keyCheck: keyCheckOf(goldenMaster),
    chunkId1000Of256KiB: toHex(chunkIdOf(plain, chunkSize, idKey)),
    chunkIdFull256KiB: toHex(chunkIdOf(counting(chunkSize), chunkSize, idKey)),
    chunkIdZeros: toHex(chunkIdOf(new Uint8Array(chunkSize), chunkSize, idKey)),
    leafId: toHex(page.id),
    rootOf300Leaves: toHex(buildTree(numberedIds(300), idKey).root),
    chunkRecord: joined(encodeRecord({ ...common, kind: "chunk", id: chunkIdOf(plain, chunkSize, idKey), plain })),
    pageRecord: joined(encodeRecord({ ...common, kind: "page", id: page.id, plain: page.bytes })),
    manifest: toHex(encodeManifest(goldenManifest, keys)),
    keyList: JSON.stringify(makeKeyList(goldenMaster, { number: 2, ...goldenKeyIds, wraps })),
    recoveryKey: formatRecoveryKey(goldenRecoveryKey),
  };
};
