import { promisify } from "node:util";
import { constants, zstdCompress, zstdDecompress } from "node:zlib";
import { z } from "zod";
import { HoldfastError } from "../errors/holdfast-error.ts";

const pathPattern = /^(?!\/)(?:(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+(?:\/(?!$)|$))+$/;

const listSchema = z.strictObject({
  schema: z.literal(1),
  installationId: z.string().regex(/^[0-9a-z]{1,32}$/),
  createdMs: z.int(),
  productVersion: z.string(),
  /** Number of the recovery kit whose key it is sealed to. */
  kit: z.int().min(1),
  /** Data folder of the controller that wrote it. */
  dataDir: z.string(),
  files: z.array(
    z.strictObject({ path: z.string().regex(pathPattern), mode: z.int().min(0).max(0o777), bytes: z.int().min(0) }),
  ),
});

/** One file of a controller's data folder; the path is relative to it. */
export interface ConfigurationFile {
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array;
}

/** Everything that an installation is made from again. */
export interface ConfigurationContent extends Omit<z.output<typeof listSchema>, "schema" | "files"> {
  readonly files: readonly ConfigurationFile[];
}

const lengthSize = 4;
const largestContent = 1024 * 1024 * 1024;
const level = 6;
const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Packs a configuration: the plain bytes that are sealed (repository-format.md §9). */
export const packConfiguration = async ({ files, ...facts }: ConfigurationContent): Promise<Uint8Array> => {
  const list = {
    schema: 1,
    ...facts,
    files: files.map(({ path, mode, content }) => ({ path, mode, bytes: content.byteLength })),
  };
  const listBytes = Buffer.from(JSON.stringify(listSchema.parse(list)), "utf8");
  const length = Buffer.alloc(lengthSize);
  length.writeUInt32LE(listBytes.length);
  const whole = Buffer.concat([length, listBytes, ...files.map(({ content }) => content)]);
  return await compress(whole, { params: { [constants.ZSTD_c_compressionLevel]: level } });
};

/** Unpacks what was sealed; CONFIGURATION_DAMAGED when it is not what it should be, SCHEMA_TOO_NEW for a later form. */
export const unpackConfiguration = async (packed: Uint8Array): Promise<ConfigurationContent> => {
  try {
    const whole = await decompress(packed, { maxOutputLength: largestContent });
    const end = lengthSize + whole.readUInt32LE(0);
    const { schema: _schema, files, ...facts } = parseList(whole.subarray(lengthSize, end).toString("utf8"));
    let offset = end;
    const contents = files.map(({ path, mode, bytes }) => {
      const content = whole.subarray(offset, offset + bytes);
      offset += bytes;
      return { path, mode, content };
    });
    if (offset !== whole.length) throw new RangeError(`${offset} bytes are listed, there are ${whole.length}`);
    return { ...facts, files: contents };
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause;
    throw new HoldfastError("CONFIGURATION_DAMAGED", "the configuration does not hold what it should", { cause });
  }
};

const parseList = (text: string): z.output<typeof listSchema> => {
  const parsed: unknown = JSON.parse(text);
  const { schema } = z.object({ schema: z.int() }).parse(parsed);
  if (schema > 1) throw new HoldfastError("SCHEMA_TOO_NEW", `a configuration whose content has schema ${schema}`);
  return listSchema.parse(parsed);
};
