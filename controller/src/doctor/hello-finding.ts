import { type Finding, toFinding } from "@holdfast/shared/doctor/finding";
import type { KnownAgent } from "../agents/agent-registry.ts";

/** What an agent's last hello says of it. */
export type GreetedAgent = Pick<
  KnownAgent,
  "health" | "managerName" | "clusterName" | "seenMs" | "workerId" | "refusal"
>;

/** Whether an agent says hello, and whether what it says is of use. */
export const helloFinding = (agent: GreetedAgent, nowMs: number): Finding => {
  const agoMs = Math.max(0, nowMs - agent.seenMs);
  const what = { kind: "hello", subject: "hello", measured: { value: agoMs, unit: "ms" } } as const;
  const ago = `said hello ${Math.round(agoMs / 1_000)} s ago`;
  switch (agent.health) {
    case "healthy":
    case "incompatible":
      return toFinding({ ...what, message: ago });
    case "draining":
      return toFinding({
        ...what,
        state: "warning",
        message: `${ago}; it ends what it holds and takes nothing new`,
        advice: "start it again when it has ended",
      });
    case "refusing":
      return toFinding({
        ...what,
        state: "error",
        message: `${ago}; it does not work for this controller: ${agent.refusal}`,
        advice: "put back the newest copy of the controller's identity folder",
      });
    case "unplaced":
      return toFinding({
        ...what,
        state: "warning",
        message: `${ago}, for cluster ${agent.clusterName} of manager ${agent.managerName}, which is not known`,
        advice: "add that manager, or invite the agent again for a cluster that there is",
      });
    case "revoked":
      return toFinding({ ...what, state: "skipped", message: "its certificate was revoked" });
    case "silent":
      return silent(agent, ago);
  }
};

/** A worker sleeps while nothing needs it. */
const silent = ({ workerId }: GreetedAgent, ago: string): Finding =>
  workerId === ""
    ? toFinding({
        kind: "hello",
        subject: "hello",
        state: "error",
        message: `${ago} and is silent since`,
        advice: "start it, and see in its log whether it reaches the bus; revoke it when it is gone for good",
      })
    : toFinding({ kind: "hello", subject: "hello", state: "skipped", message: `${ago}: its worker is not up` });
