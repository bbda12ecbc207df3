import type { DescFile, DescMethod } from "@bufbuild/protobuf";
import { file_holdfast_controller_v1_agent } from "../../proto/src/holdfast/controller/v1/agent_pb.ts";
import { file_holdfast_controller_v1_doctor } from "../../proto/src/holdfast/controller/v1/doctor_pb.ts";
import { file_holdfast_controller_v1_inventory } from "../../proto/src/holdfast/controller/v1/inventory_pb.ts";
import { file_holdfast_controller_v1_job } from "../../proto/src/holdfast/controller/v1/job_pb.ts";
import { file_holdfast_controller_v1_manager } from "../../proto/src/holdfast/controller/v1/manager_pb.ts";
import { file_holdfast_controller_v1_point } from "../../proto/src/holdfast/controller/v1/point_pb.ts";
import { file_holdfast_controller_v1_repository } from "../../proto/src/holdfast/controller/v1/repository_pb.ts";
import { file_holdfast_controller_v1_restore } from "../../proto/src/holdfast/controller/v1/restore_pb.ts";
import { file_holdfast_controller_v1_session } from "../../proto/src/holdfast/controller/v1/session_pb.ts";
import { file_holdfast_controller_v1_system } from "../../proto/src/holdfast/controller/v1/system_pb.ts";
import { file_holdfast_controller_v1_worker } from "../../proto/src/holdfast/controller/v1/worker_pb.ts";
import { file_holdfast_disk_v1_disk } from "../../proto/src/holdfast/disk/v1/disk_pb.ts";
import { file_holdfast_repository_v1_repository } from "../../proto/src/holdfast/repository/v1/repository_pb.ts";
import { heading, markdownTable } from "./markdown.ts";

const files: readonly DescFile[] = [
  file_holdfast_repository_v1_repository,
  file_holdfast_disk_v1_disk,
  file_holdfast_controller_v1_manager,
  file_holdfast_controller_v1_inventory,
  file_holdfast_controller_v1_repository,
  file_holdfast_controller_v1_agent,
  file_holdfast_controller_v1_worker,
  file_holdfast_controller_v1_job,
  file_holdfast_controller_v1_session,
  file_holdfast_controller_v1_point,
  file_holdfast_controller_v1_restore,
  file_holdfast_controller_v1_system,
  file_holdfast_controller_v1_doctor,
];

const streamed = (method: DescMethod): string => {
  switch (method.methodKind) {
    case "unary":
      return "one → one";
    case "server_streaming":
      return "one → stream";
    case "client_streaming":
      return "stream → one";
    case "bidi_streaming":
      return "stream ⇄ stream";
  }
};

/** docs/design/rpcs.md */
export const rpcsDocument = (): string => {
  const services = files.flatMap((file) => file.services);
  const parts = services.map(
    (service) =>
      `## ${service.typeName}\n\n${markdownTable(
        ["method", "kind", "request", "response"],
        service.methods.map((method) => [
          `\`${method.name}\``,
          streamed(method),
          method.input.name,
          method.output.name,
        ]),
      )}`,
  );
  return `${heading("RPCs", "The gRPC services; `proto/holdfast` says what each message means.")}\n${parts.join("\n")}`;
};
