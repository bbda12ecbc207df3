/** Milliseconds since 1970 as the object that libraries want; says nothing of what time it is now. */
export const toDate = (ms: number): Date => new Date(ms);

/** Milliseconds since 1970 of a date as libraries print it; NaN for what is none. */
export const fromDateText = (text: string): number => Date.parse(text);
