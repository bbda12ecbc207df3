import { toHex } from "@holdfast/shared/format/content-id";
import { encodeManifest } from "@holdfast/shared/format/manifest";
import { counting, goldenManifest, goldenRepository } from "@holdfast/shared/format/testing/golden-samples";
import { keyCheckOf } from "@holdfast/shared/format/repository-keys";
import { goldenKeyIds, goldenMaster, goldenRecoveryKey } from "@holdfast/shared/format/testing/sealed-samples";
import { makeKeyList } from "@holdfast/shared/keys/key-list";
import { wrapWithRecoveryKey } from "@holdfast/shared/keys/wrap-key";
import { committedKind, fencedKind, openedKind } from "../attempts.ts";
import { descriptorKind, plainDescriptor } from "../descriptor.ts";
import { epochKind } from "../epoch.ts";
import { clockKind } from "../../clock/clock-log.ts";
import { keyListKind } from "../key-log.ts";
import { unmarked } from "../mark.ts";
import { markKind } from "../marks.ts";
import { packText } from "../object-names.ts";
import { encodePackContents } from "../pack-contents.ts";
import { encodePackHeader } from "../pack-header.ts";
import { planKind } from "../plan.ts";
import { encodePointObject } from "../point-object.ts";
import { quarantinedKind } from "../quarantine.ts";
import { encodeSmallObject } from "../small-object.ts";
import { verifiedKind } from "../verified-objects.ts";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");
const taskId = "0123456789abcdefghij";
const writtenMs = 1_767_225_700_000;

/** Every golden vector of this folder by its name, made by the code of now: text, or hexadecimal digits. */
export const makeObjectVectors = (): Readonly<Record<string, string>> => {
  const createdMs = 1_767_225_600_000;
  const facts = {
    repositoryId: goldenRepository,
    formatVersion: 1,
    chunkSize: 1_048_576,
    installationId: "golden",
    createdMs,
  } as const;
  const header = encodePackHeader({
    repositoryId: goldenRepository,
    kind: "page",
    epoch: 3,
    sequence: 70_000,
    createdMs,
  });
  const entry = {
    id: counting(32),
    offset: 64,
    plainLength: 1000,
    storedLength: 300,
    kind: "page",
    codec: "zstd",
    level: 1,
  } as const;
  const attempt = { taskId, number: 2, attemptId: "zyxwvutsrqponmlk" };
  const encrypted = { ...facts, encryption: { keyCheck: keyCheckOf(goldenMaster) } };
  const wraps = [
    wrapWithRecoveryKey({ repositoryId: goldenRepository, master: goldenMaster }, goldenRecoveryKey, counting),
  ];
  const keyList = makeKeyList(goldenMaster, { number: 2, ...goldenKeyIds, wraps });
  const counted = { deduplicatedBytes: 1, storedBytes: 2, packedBytes: 3 };
  const state = {
    ...unmarked,
    removed: { atMs: writtenMs, reason: "by hand", belowFloor: false },
    protected: { atMs: writtenMs, reason: "audit" },
    immutableUntilMs: writtenMs + 2,
    checked: { atMs: writtenMs, keyId: "0123456789abcdef" },
    flags: ["W"],
    verified: {
      atMs: writtenMs,
      damaged: [{ diskId: "d", firstPosition: 7, count: 2, code: "CHUNK_DAMAGED" as const }],
    },
  };
  return {
    descriptor: text(encodeSmallObject(descriptorKind, goldenRepository, plainDescriptor(facts))),
    descriptorEncrypted: text(encodeSmallObject(descriptorKind, goldenRepository, plainDescriptor(encrypted))),
    keys: text(encodeSmallObject(keyListKind, goldenRepository, { ...keyList, epoch: 3, writtenMs })),
    epoch: text(
      encodeSmallObject(epochKind, goldenRepository, {
        epoch: 3,
        owner: "holdfast-repository on host",
        token: "0123456789abcdef0123456789abcdef",
        startedMs: createdMs,
      }),
    ),
    opened: text(encodeSmallObject(openedKind, goldenRepository, { ...attempt, epoch: 3, writtenMs })),
    fenced: text(encodeSmallObject(fencedKind, goldenRepository, { taskId, number: 2, epoch: 3, writtenMs })),
    committed: text(
      encodeSmallObject(committedKind, goldenRepository, { ...attempt, epoch: 4, writtenMs, pointEpoch: 3 }),
    ),
    clock: text(
      encodeSmallObject(clockKind, goldenRepository, {
        number: 2,
        epoch: 3,
        seenMs: writtenMs,
        suspended: { atMs: writtenMs + 1, jumpMs: -90_000_000 },
      }),
    ),
    mark: text(
      encodeSmallObject(markKind, goldenRepository, { pointId: taskId, number: 1, epoch: 3, writtenMs, state }),
    ),
    plan: text(
      encodeSmallObject(planKind, goldenRepository, {
        number: 5,
        epoch: 3,
        writtenMs,
        doneThrough: 4,
        packs: [packText({ epoch: 2, sequence: 1 }), packText({ epoch: 3, sequence: 70_000 })],
        points: [taskId],
      }),
    ),
    quarantined: text(
      encodeSmallObject(quarantinedKind, goldenRepository, {
        pack: packText({ epoch: 3, sequence: 70_000 }),
        offset: 64,
        recordKind: "chunk",
        id: toHex(counting(32)),
        verdict: "CHUNK_DAMAGED",
        atMs: writtenMs,
        epoch: 4,
      }),
    ),
    verified: text(
      encodeSmallObject(verifiedKind, goldenRepository, {
        epoch: 4,
        groups: [
          { atMs: writtenMs, packs: [packText({ epoch: 2, sequence: 1 }), packText({ epoch: 3, sequence: 70_000 })] },
        ],
      }),
    ),
    packHeader: toHex(header),
    packContents: toHex(encodePackContents(header, [entry])),
    point: toHex(
      encodePointObject(
        goldenRepository,
        { schema: 1, attempt, committedMs: writtenMs, immutableUntilMs: writtenMs + 1, epoch: 3, counted },
        encodeManifest(goldenManifest),
      ),
    ),
  };
};
