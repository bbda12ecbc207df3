/** A worker as placement sees it: a VM that can run an agent. */
export interface PlacedWorker {
  readonly workerId: string;
  readonly name: string;
  readonly managerId: string;
  readonly clusterId: string;
  readonly slots: number;
  readonly isEnabled: boolean;
  /** Why it cannot be used (its last test or launch failed); empty when it can. */
  readonly unhealthyReason: string;
  /**
   * `asleep`: absent, down or suspended, can be launched · `rising`: being made, started, resumed or enrolling · `up`: its agent is
   * an agent like others · `falling`: going down; work that needs it makes it rise again.
   */
  readonly state: "asleep" | "rising" | "up" | "falling";
}
