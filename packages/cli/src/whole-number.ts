import { InvalidArgumentError } from "commander";

/** A whole number within bounds, for commander. */
export function toNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (text.trim() !== "" && Number.isInteger(number) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`write a whole number from ${least} to ${most}.`);
  };
}
