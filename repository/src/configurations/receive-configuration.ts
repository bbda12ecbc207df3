import { createHash } from "node:crypto";
import {
  configurationHeaderSize,
  configurationOverhead,
  type ConfigurationHeader,
  decodeConfigurationHeader,
} from "@holdfast/shared/configuration/configuration-object";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { equalBytes } from "@holdfast/shared/format/content-id";

/** What a configuration that comes in must be. */
export interface ExpectedConfiguration {
  readonly repositoryId: string;
  readonly number: number;
  readonly bytes: number;
}

const checksumSize = 32;

/** Checks a configuration while it passes: header, length and checksum; what passed is in no memory of ours. */
export class ConfigurationCheck {
  readonly #expected: ExpectedConfiguration;
  readonly #digest = createHash("sha256");
  #beginning: Buffer = Buffer.alloc(0);
  /** The last bytes so far: the checksum, once all are there. */
  #end: Buffer = Buffer.alloc(0);
  #size = 0;

  constructor(expected: ExpectedConfiguration) {
    this.#expected = expected;
  }

  /** Takes the next bytes; INVALID_ARGUMENT when they are more than announced, and what `headerOf` throws. */
  take(piece: Uint8Array): void {
    const before = this.#size;
    this.#size += piece.byteLength;
    if (this.#size > this.#expected.bytes)
      throw new HoldfastError("INVALID_ARGUMENT", "the configuration is longer than announced");
    if (before < configurationHeaderSize) {
      this.#beginning = Buffer.concat([this.#beginning, piece]).subarray(0, configurationHeaderSize);
      if (this.#beginning.length === configurationHeaderSize) this.#headerOf(this.#beginning);
    }
    const waiting = Buffer.concat([this.#end, piece]);
    const hashed = Math.max(0, waiting.length - checksumSize);
    this.#digest.update(waiting.subarray(0, hashed));
    this.#end = Buffer.from(waiting.subarray(hashed));
  }

  /** What it is, once all of it passed; INVALID_ARGUMENT when some is missing, CONFIGURATION_DAMAGED. */
  finish(): ConfigurationHeader {
    if (this.#size !== this.#expected.bytes)
      throw new HoldfastError("INVALID_ARGUMENT", "the configuration is shorter than announced");
    const header = this.#headerOf(this.#beginning);
    if (equalBytes(this.#digest.digest(), this.#end)) return header;
    throw new HoldfastError("CONFIGURATION_DAMAGED", "the configuration does not match its checksum");
  }

  #headerOf(bytes: Uint8Array): ConfigurationHeader {
    const header = decodeConfigurationHeader(bytes);
    const { repositoryId, number } = this.#expected;
    if (header.repositoryId !== repositoryId)
      throw new HoldfastError("REPOSITORY_MISMATCH", `a configuration for repository ${header.repositoryId}`);
    if (header.number !== number || header.sealedLength + configurationOverhead !== this.#expected.bytes)
      throw new HoldfastError("CONFIGURATION_DAMAGED", "the configuration is not what was announced");
    return header;
  }
}
