/** What is known of the demand for workers. */
export interface Demand {
  /** Ids of the workers that some waiting task is given to, or that hold an open or unsettled attempt. */
  readonly needed: ReadonlySet<string>;
}

/** Who needs which worker: read as a whole now and then, and once more before one goes down. */
export interface WorkerNeeds {
  /** As last read. */
  readonly last: Demand;
  read(): Promise<Demand>;
}

/** Asks each time that it is read; before the first answer nothing is needed. */
export const createWorkerNeeds = (ask: () => Promise<Demand>): WorkerNeeds => {
  let last: Demand = { needed: new Set() };
  return {
    get last() {
      return last;
    },
    read: async () => {
      last = await ask();
      return last;
    },
  };
};
