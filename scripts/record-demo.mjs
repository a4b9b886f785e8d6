// Makes docs/demo.svg from a real run: `node scripts/record-demo.mjs [docs/demo.svg]` (after `npm run build`).
// The demo draws in a pseudo-terminal (util-linux' `script`); each frame it drew becomes a frame of the picture. Words
// stay text; boxes and the chart's lines become shapes, so that no reader's font can tear them apart. A viewer that
// plays no animation, or whose user wants none, shows the last frame, which has the whole curve.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const target = process.argv[2] ?? join(root, "docs", "demo.svg");

const ESC = "\u001b";
/** What the demo's frames are cut at: it goes up by its own height before each. */
const UP = new RegExp(`${ESC}\\[\\d+A`);
const HOUSEKEEPING = new RegExp(`${ESC}\\[2K|${ESC}\\[\\?25[hl]|\r`, "g");
const COLOR = new RegExp(`(${ESC}\\[\\d+m)`);
const COLUMNS = 112;
const CELL = { width: 7.5, height: 17 };
const PAD = { x: 18, top: 44, bottom: 16 };
/** Seconds of the picture for one second of the run. */
const SPEED = 1 / 2.5;
/** Seconds for which the last frame stands. */
const REST = 5;
const COLORS = { text: "#d5dbe3", dim: "#8a94a3", 32: "#56d364", 33: "#e3b341", 36: "#58c7e8" };
const CHART = "#58c7e8";

/** The demo's frames with the second at which each was drawn. */
async function record() {
  const command = `stty cols ${COLUMNS} rows 40; exec "${process.execPath}" packages/cli/bin/bellows.js demo`;
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    cwd: root,
    env: { ...process.env, TERM: "xterm-256color", FORCE_COLOR: "1" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const started = performance.now();
  const frames = [];
  child.stdout.setEncoding("utf8").on("data", (text) => {
    for (const [index, piece] of text.split(UP).entries()) {
      if (index > 0 || frames.length === 0)
        frames.push({ second: (performance.now() - started) / 1_000, text: piece });
      else frames.at(-1).text += piece;
    }
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`the demo failed: exit ${code}`);
  return frames
    .map(({ second, text }) => ({ second, rows: rowsOf(text) }))
    .filter(({ rows }) => rows.length > 5);
}

/** The rows of one frame, without what the demo prints after it. */
function rowsOf(text) {
  const [frame] = text.split(`${ESC}[0J`);
  return frame.replace(HOUSEKEEPING, "").replace(/\n$/, "").split("\n");
}

/** A row as runs of one colour: `{ column, text, color, bold }`. */
function runsOf(row) {
  const runs = [];
  let [column, color, bold] = [0, COLORS.text, false];
  for (const part of row.split(COLOR)) {
    const code = COLOR.test(part) ? part.slice(2, -1) : undefined;
    if (code === undefined) {
      if (part.trim() !== "") runs.push({ column, text: part, color, bold });
      column += [...part].length;
    } else if (code === "1") bold = true;
    else if (code === "2") color = COLORS.dim;
    else if (code === "22" || code === "0") [bold, color] = [false, COLORS.text];
    else color = COLORS[code] ?? COLORS.text;
  }
  return runs;
}

const n = (value) => String(Math.round(value * 10) / 10);
const escapeXml = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

/** Pieces of the chart's line inside a cell of width w and height h, from its left top corner at x, y. */
const LINES = {
  "─": (x, y, w, h) => `M${n(x)} ${n(y + h / 2)}h${n(w)}`,
  "│": (x, y, w, h) => `M${n(x + w / 2)} ${n(y)}v${n(h)}`,
  "╭": (x, y, w, h) => `M${n(x + w)} ${n(y + h / 2)}q${n(-w / 2)} 0 ${n(-w / 2)} ${n(h / 2)}`,
  "╮": (x, y, w, h) => `M${n(x)} ${n(y + h / 2)}q${n(w / 2)} 0 ${n(w / 2)} ${n(h / 2)}`,
  "╰": (x, y, w, h) => `M${n(x + w / 2)} ${n(y)}q0 ${n(h / 2)} ${n(w / 2)} ${n(h / 2)}`,
  "╯": (x, y, w, h) => `M${n(x + w / 2)} ${n(y)}q0 ${n(h / 2)} ${n(-w / 2)} ${n(h / 2)}`,
};
const BOXES = { "■": [5.5, 11], "▪": [5, 8], "□": [5.5, 11], "·": [2, 2] };

/** One run of one colour as SVG. Baselines and cells are those of a terminal. */
function draw({ column, text, color, bold }, y) {
  let [path, axis, boxes, words] = ["", "", "", ""];
  const x = (index) => PAD.x + (column + index) * CELL.width;
  const chars = [...text];
  for (const [index, char] of chars.entries()) {
    if (char in LINES) path += LINES[char](x(index), y, CELL.width, CELL.height);
    else if (char === "┤" || char === "┼") axis += LINES["│"](x(index), y, CELL.width, CELL.height);
    else if (char in BOXES && color !== COLORS.text) {
      const [w, h] = BOXES[char];
      const left = x(index) + (CELL.width - w) / 2;
      const hollow = char === "□" ? ` fill="none" stroke="${color}"` : ` fill="${color}"`;
      boxes += `<rect x="${n(left)}" y="${n(y + (CELL.height - h) / 2)}" width="${w}" height="${h}" rx="1"${hollow}/>`;
    }
  }
  const drawn = (char) =>
    char in LINES || char === "┤" || char === "┼" || (char in BOXES && color !== COLORS.text);
  // Words go where they stand, each by itself, so that a wider or narrower font moves none of them far.
  const blank = chars.map((char) => (drawn(char) ? " " : char)).join("");
  for (const match of blank.matchAll(/\S+(?: \S+)*/g)) {
    const at = [...blank.slice(0, match.index)].length;
    const length = [...match[0]].length * CELL.width;
    const style = `${color === COLORS.text ? "" : ` fill="${color}"`}${bold ? ' font-weight="bold"' : ""}`;
    const fit = length > 30 ? ` textLength="${n(length)}"` : "";
    words += `<text x="${n(x(at))}" y="${n(y + 12.5)}"${fit}${style}>${escapeXml(match[0])}</text>`;
  }
  const line = path === "" ? "" : `<path d="${path}"/>`;
  const scale = axis === "" ? "" : `<path d="${axis}" class="a"/>`;
  return scale + line + boxes + words;
}

/** Stretches of frames in which a row stays the same: `{ row, from, to, content }`; `to` is exclusive. */
function stretches(frames) {
  const height = Math.max(...frames.map(({ rows }) => rows.length));
  const found = [];
  for (let row = 0; row < height; row += 1) {
    let open;
    for (const [index, { rows }] of frames.entries()) {
      const content = rows[row] ?? "";
      if (open?.content === content) open.to = index + 1;
      else {
        open = { row, from: index, to: index + 1, content };
        found.push(open);
      }
    }
  }
  return { height, parts: found.filter(({ content }) => content.trim() !== "") };
}

function render(frames) {
  const first = frames[0].second;
  const starts = frames.map(({ second }) => (second - first) * SPEED);
  const length = starts.at(-1) + REST;
  const { height, parts } = stretches(frames);
  const percent = (index) => (index >= frames.length ? 100 : (starts[index] / length) * 100).toFixed(2);
  const keyframes = new Map();
  const body = parts.map(({ row, from, to, content }) => {
    const shapes = runsOf(content)
      .map((run) => draw(run, PAD.top + row * CELL.height))
      .join("");
    if (from === 0 && to === frames.length) return shapes;
    const name = `k${from}-${to}`;
    const show =
      from === 0 ? "0%{visibility:visible}" : `0%{visibility:hidden}${percent(from)}%{visibility:visible}`;
    const hide = to === frames.length ? "" : `${percent(to)}%{visibility:hidden}`;
    keyframes.set(name, `@keyframes ${name}{${show}${hide}}.${name}{animation-name:${name}}`);
    return `<g class="f ${name}${to === frames.length ? " l" : ""}">${shapes}</g>`;
  });
  const width = PAD.x * 2 + COLUMNS * CELL.width;
  const total = PAD.top + height * CELL.height + PAD.bottom;
  return `<svg xmlns="http://www.w3.org/2000/svg" fill="${COLORS.text}" viewBox="0 0 ${n(width)} ${n(total)}" width="${n(width)}" height="${n(total)}" role="img" aria-label="The demo in a terminal: clients come, the queue rises, instances grow to work it off and go again, each step with its reason.">
<style>
text{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,"Liberation Mono",monospace;font-size:12.4px}
path{fill:none;stroke:${CHART};stroke-width:1.6;stroke-linecap:round}.a{stroke:#3a4658;stroke-width:1}
.f{visibility:hidden}.l{visibility:visible}
@media (prefers-reduced-motion:no-preference){
.f{animation-duration:${length.toFixed(1)}s;animation-timing-function:step-end;animation-iteration-count:infinite}
${[...keyframes.values()].join("\n")}
}
</style>
<rect width="100%" height="100%" rx="9" fill="#0f1620"/>
<circle cx="20" cy="19" r="5.5" fill="#ff5f57"/><circle cx="38" cy="19" r="5.5" fill="#febc2e"/><circle cx="56" cy="19" r="5.5" fill="#28c840"/>
${body.join("\n")}
</svg>
`;
}

/** About one frame a second is enough for the eye; the last one always stays. */
function thin(frames) {
  return frames.filter((_, index) => index % 2 === 0 || index === frames.length - 1);
}

const frames = await record();
writeFileSync(target, render(thin(frames)));
console.log(`${target}: ${frames.length} frames`);
