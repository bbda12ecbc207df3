/** Milliseconds since 1970 as the object that libraries want; says nothing of what time it is now. */
export const toDate = (ms: number): Date => new Date(ms);
