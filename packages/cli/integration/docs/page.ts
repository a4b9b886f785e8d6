// Pages of the documentation, read as steps that a test can do.
//
// Note [Marks]: a comment before a fenced block says what the block is; readers of the page do not see it.
//   <!-- config: FILE -->      YAML: written to FILE, and `bellows validate` accepts it
//   <!-- faulty: FILE -->      YAML: written to FILE, and `bellows validate` refuses it (exit 2)
//   <!-- part: group -->       YAML: keys of one group; with what they need around them they validate
//   <!-- part: top -->         YAML: keys of the whole file; likewise
//   <!-- file: NAME -->        any text: written to NAME
//   <!-- run --> <!-- run: exit 2 -->   commands, run by bash in the page's folder
//   <!-- ts: NAME.ts -->       TypeScript: checked against the packages, then run
//   <!-- output -->            text: what the last commands or program printed; `…` stands for anything
//   <!-- cases -->             a table after a config or part: numbers in, decision out, computed
//   <!-- shown: WHY -->        not run, for the stated reason
//   <!-- run NEWLINE commands -->       commands that the reader is not shown
// A block without a mark is a fault of the page.
//   <!-- needs: aws -->        anywhere: the page's commands and programs find AWS, as the stand-in of the tests is it

/** What the mark before a block can be. */
export const KINDS = ["config", "faulty", "part", "file", "run", "ts", "output", "cases", "shown"] as const;
/** What the mark before a block is. */
export type Kind = (typeof KINDS)[number];

/** One thing to do with a page, in the page's order. */
export interface Step {
  kind: Kind;
  /** What follows the colon of the mark. */
  argument: string;
  /** The block's text, or the table's lines. */
  text: string;
  /** Line of the page, from 1. */
  line: number;
}

/** A page, read. */
export interface Page {
  /** Path from the repository's root. */
  path: string;
  steps: Step[];
  /** Whether what it shows talks to AWS. */
  needsAws: boolean;
  /** What is wrong with its marks, one line each. */
  faults: string[];
  /** Targets of its links and pictures, with their lines. */
  links: { target: string; line: number }[];
  /** Anchors that links may name. */
  anchors: Set<string>;
}

/** Reads a page. */
export function readPage(path: string, text: string): Page {
  const needsAws = text.includes("<!-- needs: aws -->");
  const page: Page = { path, steps: [], needsAws, faults: [], links: [], anchors: new Set() };
  const lines = text.split("\n");
  let mark: { kind: Kind; argument: string; line: number } | undefined;
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const fence = /^(\s*)(```+)(\S*)/.exec(line);
    if (line.startsWith("<!-- run") && !line.includes("-->")) {
      const end = lines.findIndex((each, index) => index > at && each === "-->");
      if (end < 0) page.faults.push(`${path}:${at + 1}: this comment has no end`);
      else {
        const argument = line.slice("<!-- run".length).replace(/^:/, "").trim();
        page.steps.push({ kind: "run", argument, text: lines.slice(at + 1, end).join("\n"), line: at + 1 });
        at = end;
      }
    } else if (line.startsWith("<!--")) {
      mark = readMark(line, at + 1) ?? mark;
    } else if (fence !== null) {
      const end = lines.findIndex((each, index) => index > at && each.trim() === fence[2]);
      if (mark === undefined) page.faults.push(`${path}:${at + 1}: a block without a mark before it`);
      else {
        const block = lines.slice(at + 1, end).map((each) => each.slice(fence[1]?.length ?? 0));
        page.steps.push({ ...mark, text: block.join("\n"), line: at + 2 });
      }
      mark = undefined;
      at = end;
    } else if (mark?.kind === "cases" && line.startsWith("|")) {
      const end = lines.findIndex((each, index) => index > at && !each.startsWith("|"));
      page.steps.push({ ...mark, text: lines.slice(at, end).join("\n"), line: at + 1 });
      mark = undefined;
      at = end - 1;
    } else {
      readProse(page, line, at + 1);
      if (mark !== undefined && line.trim() !== "") {
        page.faults.push(`${path}:${mark.line}: no block follows this mark`);
        mark = undefined;
      }
    }
  }
  return page;
}

function readMark(line: string, at: number): { kind: Kind; argument: string; line: number } | undefined {
  const match = /^<!-- ([a-z]+)(?:: (.*))? -->$/.exec(line);
  const kind = KINDS.find((each) => each === match?.[1]);
  return kind === undefined ? undefined : { kind, argument: match?.[2] ?? "", line: at };
}

function readProse(page: Page, line: string, at: number): void {
  const heading = /^#+ (.*)$/.exec(line)?.[1];
  if (heading !== undefined) page.anchors.add(anchorOf(heading));
  const prose = line.replace(/`[^`]*`/g, "");
  for (const match of prose.matchAll(/\]\(([^()\s]+)\)/g))
    page.links.push({ target: match[1] ?? "", line: at });
}

/** The anchor of a heading, as the usual renderers make it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}
