import { InvalidArgumentError } from "commander";

/** Reads an option's whole number from 1. */
export const positiveInteger = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("give a whole number from 1");
  return value;
};
