declare module "asciichart" {
  /** Draws a series as lines of text. */
  export function plot(
    series: readonly number[],
    options?: { height?: number; min?: number; max?: number; format?: (value: number) => string },
  ): string;
}
