/** Chunks of uploads that send again what `makeGarbage` leaves as garbage: chunk 2 and 3, and of `late` the very page too. */
export const revivedBackups = { early: [2, 5], late: [1, 2, 3] } as const;
