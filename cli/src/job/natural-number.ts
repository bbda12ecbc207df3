import { InvalidArgumentError } from "commander";

/** Reads an option's whole number from 0. */
export const naturalNumber = (text: string): number => {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("give a whole number from 0");
  return Number(text);
};
