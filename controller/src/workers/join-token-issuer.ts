/** What a join token is asked for: who may join with it, and where it then belongs. */
export interface JoinRequest {
  readonly role: "agent";
  readonly agentId: string;
  readonly name: string;
  readonly managerName: string;
  readonly clusterName: string;
  readonly workerId: string;
}

/** Gives agents of workers their way in, and takes it back. */
export interface JoinTokenIssuer {
  /** A new one-time, short-lived join token. It is a secret (R12). */
  issue(request: JoinRequest): Promise<string>;
  /** Ends every identity that this agent has, such as one of a VM that is no more; one without any is fine. */
  revoke(agentId: string): Promise<void>;
}
