import { type DescFile, type DescMessage, type DescService, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import {
  ServerReflection,
  type ServerReflectionRequest,
  type ServerReflectionResponseSchema,
} from "@holdfast/proto/grpc/reflection/v1/reflection_pb";
import { type ServedService, serveService } from "./implementation.ts";

type Answer = NonNullable<MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"]>;

/** gRPC's numbers for what reflection answers itself: these stand inside its messages, not in a call's status. */
const notFound = 5;
const unimplemented = 12;

/** Lets generic clients discover services and their messages. Extensions are not served: we declare none. */
export const createReflection = (services: readonly DescService[]): ServedService => {
  const all = [...services, ServerReflection];
  const files = filesOf(all);
  const fileBySymbol = new Map([...files.values()].flatMap((file) => symbolsOf(file).map((name) => [name, file])));
  const answer = answering({ names: all.map(({ typeName }) => typeName), files, fileBySymbol });

  return serveService(ServerReflection, {
    async *serverReflectionInfo(requests) {
      for await (const request of requests) {
        yield { validHost: request.host, originalRequest: request, messageResponse: answer(request) };
      }
    },
  });
};

interface Known {
  readonly names: readonly string[];
  readonly files: ReadonlyMap<string, DescFile>;
  readonly fileBySymbol: ReadonlyMap<string, DescFile>;
}

const answering =
  ({ names, files, fileBySymbol }: Known) =>
  ({ messageRequest: asked }: ServerReflectionRequest): Answer => {
    switch (asked.case) {
      case "listServices":
        return { case: "listServicesResponse", value: { service: names.map((name) => ({ name })) } };
      case "fileByFilename":
        return fileAnswer(files.get(asked.value), asked.value);
      case "fileContainingSymbol":
        return fileAnswer(fileBySymbol.get(asked.value), asked.value);
      case "allExtensionNumbersOfType":
      case "fileContainingExtension":
      case undefined:
        return failure(unimplemented, "extensions are not served");
    }
  };

const fileAnswer = (file: DescFile | undefined, name: string): Answer => {
  if (file === undefined) return failure(notFound, `not found: ${name}`);
  const fileDescriptorProto = [...collect(file).values()].map(({ proto }) =>
    toBinary(FileDescriptorProtoSchema, proto),
  );
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto } };
};

const failure = (errorCode: number, errorMessage: string): Answer => ({
  case: "errorResponse",
  value: { errorCode, errorMessage },
});

const filesOf = (services: readonly DescService[]): ReadonlyMap<string, DescFile> => {
  const files = new Map<string, DescFile>();
  for (const { file } of services) collect(file, files);
  return files;
};

/** A file and everything that it imports, by file name with its suffix. */
const collect = (file: DescFile, into = new Map<string, DescFile>()): Map<string, DescFile> => {
  if (into.has(file.proto.name)) return into;
  into.set(file.proto.name, file);
  for (const dependency of file.dependencies) collect(dependency, into);
  return into;
};

const symbolsOf = (file: DescFile): readonly string[] => [
  ...file.services.flatMap(({ typeName, methods }) => [typeName, ...methods.map(({ name }) => `${typeName}.${name}`)]),
  ...file.enums.map(({ typeName }) => typeName),
  ...file.messages.flatMap(messageSymbols),
];

const messageSymbols = (message: DescMessage): readonly string[] => [
  message.typeName,
  ...message.nestedEnums.map(({ typeName }) => typeName),
  ...message.nestedMessages.flatMap(messageSymbols),
];
