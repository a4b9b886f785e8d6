import type { Context } from "../context.js";

/** A part of the terminal that is drawn again and again in place. */
export interface Screen {
  draw(lines: readonly string[]): void;
  /** Leaves the last frame standing. */
  end(): void;
}

/** Draws in place, without clearing what stood above: the frame moves up by its own height. */
export function createScreen(context: Context): Screen {
  let height = 0;
  context.stdout.write("\u001b[?25l");
  return {
    draw(lines) {
      const up = height > 0 ? `\u001b[${height}A` : "";
      context.stdout.write(`${up}${lines.map((line) => `\u001b[2K${line}\n`).join("")}\u001b[0J`);
      height = lines.length;
    },
    end: () => void context.stdout.write("\u001b[?25h"),
  };
}
