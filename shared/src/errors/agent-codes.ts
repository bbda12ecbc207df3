/** The part of the table of codes that is about agents, their attempts and workers. */
export const agentCodes = {
  NO_AGENT: {
    meaning: "no agent is deployed or healthy that may do the work",
    retryable: true,
    grpc: "UNAVAILABLE",
    exit: 69,
    advice: "holdfast agent list",
  },
  AGENT_LOST: {
    meaning: "the agent stopped answering in the middle of an attempt",
    retryable: true,
    grpc: "ABORTED",
    exit: 75,
  },
  ATTEMPT_FENCED: {
    meaning: "the attempt was retired; a later one took its place or none may",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 75,
  },
  ATTEMPT_UNKNOWN: { meaning: "no such attempt is open", retryable: false, grpc: "NOT_FOUND", exit: 66 },
  TOO_MANY_ATTEMPTS: {
    meaning: "every allowed attempt of the task failed",
    retryable: false,
    grpc: "ABORTED",
    exit: 75,
  },
  WORKER_BUSY: {
    meaning: "the worker's agent has tasks",
    retryable: true,
    grpc: "FAILED_PRECONDITION",
    exit: 75,
    advice: "wait for them, or holdfast worker disable NAME so that no more come",
  },
  WORKER_UNHEALTHY: {
    meaning: "the worker could not be launched or failed its test",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 69,
    advice: "cure what the reason names, then holdfast worker test NAME",
  },
  WORKER_VM_FOREIGN: {
    meaning: "a VM with the worker's name is on the manager and is not ours; it is left alone",
    retryable: false,
    grpc: "ALREADY_EXISTS",
    exit: 73,
    advice: "give the worker another name with holdfast worker edit NAME --name OTHER",
  },
  IMAGE_UNUSABLE: {
    meaning: "the worker's image file cannot be read or turned into a disk",
    retryable: false,
    grpc: "FAILED_PRECONDITION",
    exit: 66,
  },
} as const;
