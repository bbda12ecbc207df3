import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { type GrantReadingResponse, type Point, PointService } from "@holdfast/proto/holdfast/controller/v1/point_pb";
import { RepositoryService } from "@holdfast/proto/holdfast/repository/v1/repository_pb";
import { HoldfastError } from "@holdfast/shared/errors/holdfast-error";
import { requestCertificate } from "@holdfast/shared/identity/certificates";
import { taskTokenHeader } from "@holdfast/shared/identity/task-token";
import { toOpeningKeys } from "@holdfast/shared/keys/keys-message";
import { checkedLeaves } from "@holdfast/shared/reading/checked-leaves";
import { LeafSource } from "@holdfast/shared/reading/leaf-source";
import { openReading } from "@holdfast/shared/reading/open-reading";
import { readCheckedChunks } from "@holdfast/shared/reading/read-checked-chunks";
import type { ReadChunk } from "@holdfast/shared/reading/read-chunks";
import { trustedDisk } from "@holdfast/shared/reading/trusted-disk";
import { openRpcClient, type RpcClient } from "@holdfast/shared/rpc/client";
import { clientCredentials } from "@holdfast/shared/rpc/credentials";
import { type CommandMaker, optionsOf, verb } from "../command.ts";
import { slowCallMs, withService } from "../connection.ts";
import type { CliContext } from "../context.ts";
import { type GlobalOptions, printData } from "../output/output.ts";
import { bytesText } from "../output/units.ts";

interface ExportOptions {
  readonly to: string;
  readonly disk?: string;
  readonly force?: boolean;
}

/** `point export`: one disk as a sparse raw file, read straight from the repository, every chunk checked. */
export const pointExport: CommandMaker = (context) =>
  verb("export <point>", "Write one disk of a point to a raw file", [
    "point export 7h2k9x0c2m1qa4b8d3e5 --to web-1.raw",
    "point export 7h2k9x0c2m1qa4b8d3e5 --disk web-1_data --to data.raw",
  ])
    .requiredOption("--to <file>", "raw file to write; holes stay holes")
    .option("--disk <disk>", "which disk, by id or alias; needed when the point has several")
    .option("--force", "overwrite the file")
    .action(async (pointId: string, _options, command) => {
      const options = optionsOf<ExportOptions>(command);
      if (options.force !== true && (await exists(options.to)))
        throw new HoldfastError("ALREADY_EXISTS", `${options.to} exists; --force overwrites it`);
      const point = await findPoint(context, options, pointId);
      const disk = chooseDisk(point, options.disk);
      const written = await exportDisk(context, {
        granted: await askForReading(context, options, pointId),
        point,
        diskId: disk.diskId,
        sizeBytes: Number(disk.sizeBytes),
        to: options.to,
      });
      const facts = {
        pointId,
        diskId: disk.diskId,
        file: options.to,
        sizeBytes: Number(disk.sizeBytes),
        writtenBytes: written,
      };
      if (options.output === "table")
        context.print(`${options.to}: ${bytesText(disk.sizeBytes)}, ${bytesText(written)} of it data`);
      else printData(context, options.output, facts);
    });

const exists = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (caught: NodeJS.ErrnoException) => {
      if (caught.code === "ENOENT") return false;
      throw new HoldfastError("IO_FAILED", `cannot look at ${path}`, { cause: caught });
    },
  );

const findPoint = async (context: CliContext, options: GlobalOptions, pointId: string): Promise<Point> => {
  const answer = await withService(context, options, PointService, (client) =>
    client.getPoint({ pointId }, { signal: context.signal, timeoutMs: slowCallMs }),
  );
  if (answer.point === undefined) throw new HoldfastError("POINT_NOT_FOUND", `no point ${pointId}`);
  return answer.point;
};

const chooseDisk = (point: Point, wanted: string | undefined): Point["disks"][number] => {
  const names = point.disks.map((disk) => disk.alias).join(", ");
  if (wanted === undefined) {
    const [only] = point.disks;
    if (point.disks.length === 1 && only !== undefined) return only;
    throw new HoldfastError("INVALID_ARGUMENT", `point ${point.pointId} has several disks, give --disk: ${names}`);
  }
  const found = point.disks.find((disk) => disk.diskId === wanted || disk.alias === wanted);
  if (found === undefined)
    throw new HoldfastError("NOT_FOUND", `point ${point.pointId} has no disk ${wanted}, it has: ${names}`);
  return found;
};

/** What lets the command read the point from its repository, with the key that it made for that. */
interface Granted {
  readonly grant: GrantReadingResponse;
  readonly keyPem: string;
}

const askForReading = async (context: CliContext, options: GlobalOptions, pointId: string): Promise<Granted> => {
  const { keyPem, requestPem } = await requestCertificate();
  const grant = await withService(context, options, PointService, (client) =>
    client.grantReading({ pointId, requestPem }, { signal: context.signal, timeoutMs: slowCallMs }),
  );
  return { grant, keyPem };
};

const dialRepository = ({ grant, keyPem }: Granted): RpcClient => {
  const { installationId, caPem, certificatePem, repositoryId, repositoryAddress, taskToken } = grant;
  const identity = { installationId, caPem, certificatePem, keyPem };
  return openRpcClient(repositoryAddress, clientCredentials(identity, { role: "repository", id: repositoryId }), {
    metadata: () => ({ [taskTokenHeader]: taskToken }),
  });
};

interface DiskExport {
  readonly granted: Granted;
  readonly point: Point;
  readonly diskId: string;
  readonly sizeBytes: number;
  readonly to: string;
}

/** Writes beside the target and renames at the end, so that what bears the name is whole; answers the bytes of data. */
const exportDisk = async (context: CliContext, one: DiskExport): Promise<number> => {
  const partial = `${one.to}.partial`;
  try {
    await using file = await open(partial, "w");
    const written = await readInto(context, one, file);
    await file.truncate(one.sizeBytes);
    await file.sync();
    await rename(partial, one.to);
    await using folder = await open(dirname(one.to));
    await folder.sync();
    return written;
  } catch (caught) {
    await rm(partial, { force: true });
    if (caught instanceof HoldfastError) throw caught;
    throw new HoldfastError("IO_FAILED", `cannot write ${one.to}`, { cause: caught });
  }
};

const readInto = async (context: CliContext, one: DiskExport, file: FileHandle): Promise<number> => {
  await using connection = dialRepository(one.granted);
  const client = connection.service(RepositoryService);
  await using reading = await openReading(client, one.point.pointId, context.signal);
  const { grant } = one.granted;
  const { readingId, chunkSize } = reading;
  const { diskId } = one;
  const root = grant.roots.find((of) => of.diskId === diskId)?.root ?? new Uint8Array();
  const disk = trustedDisk(reading, { diskId, root });
  const keys = toOpeningKeys(grant.keys);
  const signal = AbortSignal.any([context.signal, reading.ended]);
  const leaves = new LeafSource(client, { case: "readingId", value: readingId }, diskId);
  let written = 0;
  for await (const { first, ids } of checkedLeaves(leaves, disk, { reading, idKey: keys?.idKey, signal })) {
    const parts = readCheckedChunks(client, { readingId, diskId, first, ids, chunkSize, keys }, signal);
    written += await writeParts(parts, file, { ...one, chunkSize });
  }
  return written;
};

const writeParts = async (
  parts: AsyncIterable<ReadChunk>,
  file: FileHandle,
  disk: DiskExport & { readonly chunkSize: number },
): Promise<number> => {
  let written = 0;
  for await (const part of parts) {
    if (part.kind === "zero") continue;
    if (part.kind === "damaged") {
      throw new HoldfastError(
        "POINT_HURT",
        `disk ${disk.diskId} of point ${disk.point.pointId} is damaged at chunk ${part.position} (${part.code})`,
      );
    }
    const offset = part.position * disk.chunkSize;
    const bytes = part.plain.subarray(0, disk.sizeBytes - offset);
    await writeAll(file, bytes, offset);
    written += bytes.byteLength;
  }
  return written;
};

const writeAll = async (file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> => {
  for (let done = 0; done < bytes.byteLength;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, offset + done);
    done += bytesWritten;
  }
};
