import type { Clock } from "@holdfast/shared/clock/clock";
import type { RepositoryId } from "@holdfast/shared/format/repository-id";
import type { RandomBytes } from "@holdfast/shared/ids/ids";
import { keysOf, makeKeys, type NewKeys, unlock, withNewKey, withPassword } from "@holdfast/shared/keys/master-key";
import { formatRecoveryKey } from "@holdfast/shared/keys/recovery-key";
import { changeKeys } from "../../store/change-keys.ts";
import { fixedRandom } from "./fixed.ts";
import type { GoldenSealing } from "./write-golden.ts";

/** The least that is taken: golden files are for reading, not for keeping secrets. */
const costs = { N: 2 ** 14, r: 8, p: 1 };
/** Until the password is changed. */
const formerPassword = "a password of before";

/** The keys of the golden repository that is sealed, made and changed as an operator would. */
export class GoldenKeys {
  readonly #root: string;
  readonly #random: RandomBytes;
  readonly #nonces = fixedRandom("nonces");
  #made: (NewKeys & { readonly repositoryId: RepositoryId }) | undefined;
  #sealing: GoldenSealing | undefined;

  constructor(root: string, random: RandomBytes) {
    this.#root = root;
    this.#random = random;
  }

  /** With an umlaut of two characters: what counts is its form NFC. */
  readonly password = "gro\u0308\u00dfer als erraten";

  /** As it was written down. */
  get recoveryKey(): string {
    return formatRecoveryKey(this.#of().recoveryKey);
  }

  /** The key of ids, once something was sealed. */
  get idKey(): Uint8Array | undefined {
    return this.#sealing?.keys.idKey;
  }

  /** Makes them with the repository. */
  readonly make = async (repositoryId: RepositoryId): Promise<NewKeys> => {
    const made = await makeKeys(repositoryId, formerPassword, { random: this.#random, costs });
    this.#made = { ...made, repositoryId };
    return made;
  };

  /** What writers seal with at present. */
  async sealing(): Promise<GoldenSealing> {
    const { repositoryId, encryption, keyList, recoveryKey } = this.#of();
    const master = await unlock({ repositoryId, encryption }, keyList, { kind: "recovery", recoveryKey });
    this.#sealing = { keys: keysOf(master, keyList).sealing, nonces: this.#nonces };
    return this.#sealing;
  }

  /** Another active key, then another password: two more lists in the log. */
  async rotate(clock: Clock): Promise<void> {
    const { password } = this;
    const random = this.#random;
    const proof = { kind: "password", password: formerPassword } as const;
    await changeKeys(this.#root, { proof, clock }, (what, list) => withNewKey(what, list, random));
    const keyList = await changeKeys(this.#root, { proof, clock }, (what, list) =>
      withPassword(what, list, { password, random, costs }),
    );
    this.#made = { ...this.#of(), keyList };
  }

  #of(): NewKeys & { readonly repositoryId: RepositoryId } {
    if (this.#made === undefined) throw new Error("no keys were made");
    return this.#made;
  }
}
