import { type MemoryLogger, memoryLogger } from "@holdfast/shared/logging/memory-logger";
import type { Hypervisor } from "../../hypervisor/hypervisor.ts";
import { type EngineOptions, openOvirtEngine } from "../ovirt-engine.ts";
import { type ServerCertificate, type TestCa, makeCa } from "./certificates.ts";
import type { LocalEngine, Said, SeenRequest } from "./local-engine.ts";
import { hastyClock } from "./test-clock.ts";

/** The password of every engine of these tests. */
export const password = "correct-horse-battery";

/** What the API's entry says. */
export const root = {
  instance_id: "I1",
  product_info: { name: "oVirt Engine", version: { major: "4", minor: "5", full_version: "4.5.6" } },
};

/** The answer of an engine that is well. */
export const ok: Said = { status: 200, json: root };

/** Whom the client of a test file believes, and where it logs. */
export interface EngineTrust {
  readonly ca: TestCa;
  /** Of the engine. */
  readonly certificate: ServerCertificate;
  readonly log: MemoryLogger;
}

/** Makes an engine's authority and certificate. */
export const makeEngineTrust = async (): Promise<EngineTrust> => {
  const ca = await makeCa("the engine's CA");
  return { ca, certificate: await ca.issue(), log: memoryLogger() };
};

/** A client of an engine, that hurries. */
export const openClient = (
  { ca, log }: EngineTrust,
  engine: Pick<LocalEngine, "url">,
  options: Partial<EngineOptions> = {},
): Hypervisor =>
  openOvirtEngine(
    { url: engine.url, credentials: { username: "admin@internal", password }, apiAnchorPem: ca.cert, ...options },
    { clock: hastyClock, log },
  );

/** Calls of the API, without logins and logouts. */
export const apiCalls = (engine: LocalEngine): readonly SeenRequest[] =>
  engine.seen.filter(({ path }) => path.includes("/api"));
