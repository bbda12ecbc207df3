import { certificateFinding, soonDays } from "@holdfast/shared/doctor/certificate-finding";
import { type Finding, toFinding } from "@holdfast/shared/doctor/finding";
import type { ManagerConnection } from "../inventory/manager-connection.ts";
import type { ManagerState } from "../inventory/manager.ts";

const adviceOf: Readonly<Record<Exclude<ManagerState, "connected">, string>> = {
  unreachable: "start the engine, or let the controller reach it",
  untrusted: "compare the certificate's fingerprint, and if the new one is right: holdfast manager trust NAME",
  replaced: "if the new engine is right: holdfast manager trust NAME",
  "credentials-refused": "give the right password with manager edit: it is not tried again by itself",
};

/** Whether a manager can be worked with, and how long its pinned anchors are valid. */
export const managerFindings = (
  { record, condition }: Pick<ManagerConnection, "record" | "condition">,
  nowMs: number,
): readonly Finding[] => {
  const anchor = (of: string, pem: string): Finding =>
    certificateFinding(
      {
        subject: `${of} anchor of manager ${record.name}`,
        certificate: pem,
        warnBelowDays: soonDays,
        advice: "renew it on the engine, then pin the new one with manager edit",
      },
      nowMs,
    );
  return [
    stateFinding(record.name, condition),
    anchor("API", record.apiAnchorPem),
    anchor("imageio", record.imageioAnchorPem),
  ];
};

const stateFinding = (name: string, { state, reason }: ManagerConnection["condition"]): Finding => {
  const what = { kind: "manager", subject: `manager ${name}` } as const;
  if (state === "connected") return toFinding({ ...what, message: "connected" });
  return toFinding({ ...what, state: "error", message: `${state}: ${reason}`, advice: adviceOf[state] });
};
