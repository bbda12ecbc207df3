/** A worker VM as placement sees it. */
export interface PlacedWorker {
  readonly workerId: string;
  readonly name: string;
  readonly managerId: string;
  readonly clusterId: string;
  /** Tasks that its agent takes at once. */
  readonly slots: number;
  readonly isEnabled: boolean;
  /** Why it cannot be used (its last test or launch failed); empty when it can. */
  readonly unhealthyReason: string;
  /**
   * asleep: absent, down or suspended, can be launched · rising: being made, started, resumed or enrolling · up: its agent is an
   * agent like others · falling: going down; work that needs it makes it rise again.
   */
  readonly state: "asleep" | "rising" | "up" | "falling";
}
