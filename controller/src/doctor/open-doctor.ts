import { dirname } from "node:path";
import type { Bus } from "@holdfast/shared/bus/bus";
import { usualLowWaterBytes, type WrittenFolder } from "@holdfast/shared/doctor/space-finding";
import { productVersion } from "@holdfast/shared/version/product-version";
import type { ControllerConfig } from "../config/controller-config.ts";
import type { WorkDeps } from "../sessions/work-deps.ts";
import type { DoctorDeps } from "./doctor-deps.ts";
import { viewEngines } from "./engine-view.ts";
import { ExaminationDesk } from "./examination-desk.ts";
import { createExaminationBell, serveExaminations } from "./serve-examinations.ts";

/** What a doctor is opened with. */
export interface OpenedForDoctor extends WorkDeps {
  readonly openedBus: Bus;
  /** Where it is dialled. */
  readonly busServers: readonly string[];
  readonly configurations: DoctorDeps["configurations"];
}

/** Opens what examines the installation, and answers the agents that are examined until it is disposed. */
export const openDoctor = async (
  work: OpenedForDoctor,
  { dataDir, doctor: ports }: Pick<ControllerConfig, "dataDir" | "doctor">,
): Promise<{ readonly deps: DoctorDeps } & AsyncDisposable> => {
  const { clock, log, random, agents, managers, repositories, identity, openedBus: bus, busServers } = work;
  const examinations = new ExaminationDesk({ clock, random });
  const serving = await serveExaminations(bus, examinations, log);
  return {
    deps: {
      clock,
      log,
      agents,
      managers,
      repositories,
      identity,
      examinations,
      bus,
      busServers,
      ring: createExaminationBell(bus),
      folders: foldersOf(dataDir, identity.folder),
      engines: (signal) => viewEngines(managers.list(), { ports, clock }, signal),
      configurations: work.configurations,
      version: productVersion,
    },
    [Symbol.asyncDispose]: () => serving[Symbol.asyncDispose](),
  };
};

const foldersOf = (dataDir: string, identityDir: string): readonly WrittenFolder[] => {
  const data = { subject: "data folder", path: dataDir, lowWaterBytes: usualLowWaterBytes };
  const identity = { ...data, subject: "identity folder", path: identityDir };
  return dirname(identityDir) === dataDir ? [data] : [data, identity];
};
