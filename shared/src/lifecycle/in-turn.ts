/** Runs what it is given one after another, in the order in which it came; a failure is its own caller's and holds nobody up. */
export const inTurn = (): (<T>(work: () => Promise<T>) => Promise<T>) => {
  let before: Promise<unknown> = Promise.resolve();
  return (work) => {
    const doing = before.then(work);
    before = doing.catch(() => undefined);
    return doing;
  };
};
