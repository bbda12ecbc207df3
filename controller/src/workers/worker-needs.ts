/** What is known of the demand for workers, by their ids. */
export interface Demand {
  /** Some waiting task wants it launched, or it holds an open or unsettled attempt. */
  readonly needed: ReadonlySet<string>;
  /** Of them, those that hold an attempt. */
  readonly busy: ReadonlySet<string>;
}

/** Who needs which worker: read as a whole now and then, and once more before one goes down. */
export interface WorkerNeeds {
  /** As last read. */
  readonly last: Demand;
  read(): Promise<Demand>;
}

export const createWorkerNeeds = (ask: () => Promise<Demand>): WorkerNeeds => {
  let last: Demand = { needed: new Set(), busy: new Set() };
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
