import { DoctorService } from "@holdfast/proto/holdfast/controller/v1/doctor_pb";
import { CheckSchema } from "@holdfast/proto/holdfast/doctor/v1/doctor_pb";
import { type ServedService, serveService } from "@holdfast/shared/rpc/implementation";
import { examinationOfOperator, examineAll } from "../../doctor/examine-all.ts";
import type { ApiDeps } from "../api-deps.ts";
import { inBatches } from "../in-batches.ts";

const usualSeconds = 20;
const mostSeconds = 300;

/** `holdfast.controller.v1.DoctorService`. */
export const serveDoctor = ({ doctor }: Pick<ApiDeps, "doctor">): ServedService =>
  serveService(DoctorService, {
    examine: async function* ({ timeoutSeconds }, { signal }) {
      const timeoutMs = Math.min(timeoutSeconds || usualSeconds, mostSeconds) * 1_000;
      yield { examination: examinationOfOperator(doctor, timeoutMs) };
      for await (const found of examineAll(doctor, { timeoutMs, signal }))
        for await (const checks of inBatches(CheckSchema, found)) yield { checks };
    },
  });
