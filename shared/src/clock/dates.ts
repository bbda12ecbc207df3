/** Milliseconds since 1970 as the object that libraries want; says nothing of what time it is now. */
export const toDate = (ms: number): Date => new Date(ms);
/** The time that text in ISO 8601 means; undefined for other text. A day that does not exist is taken for one after it. */
export const parseIso = (text: string): number | undefined => {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
};
