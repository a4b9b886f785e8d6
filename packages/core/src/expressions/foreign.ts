/** What to say of a sign that other languages have and this one has not. */
interface ForeignSign {
  readonly sign: string;
  readonly message: string;
  readonly hint: string;
}

const ASSIGNING = ["**=", "//=", "+=", "-=", "*=", "/=", "%=", ":="];

const SIGNS: readonly ForeignSign[] = [
  instead("===", "write =="),
  instead("!==", "write !="),
  ...ASSIGNING.map((sign) => ({
    sign,
    message: `"${sign}" would assign, and an expression assigns nothing`,
    hint: "use == to compare, and give parts names of their own under signals",
  })),
  instead("&&", "write and"),
  instead("||", "write or"),
  instead("<>", "write !="),
  instead("=>", "write >="),
  instead("=<", "write <="),
  instead("<<", "write a * 2 ** b"),
  instead(">>", "write a // 2 ** b"),
  instead("&", "write and"),
  instead("|", "write or"),
  instead("^", "write **"),
  instead("!", "write not"),
  instead("~", "write not"),
  instead("≤", "write <="),
  instead("≥", "write >="),
  instead("≠", "write !="),
  instead("×", "write *"),
  instead("÷", "write /"),
  instead("−", "write - (the minus of the keyboard)"),
  instead("?", "write a if condition else b"),
  { sign: "=", message: '"=" is not known in an expression', hint: "use == to compare" },
  {
    sign: '"',
    message: "there is no text in an expression",
    hint: "write names without quotes, and numbers",
  },
  {
    sign: "'",
    message: "there is no text in an expression",
    hint: "write names without quotes, and numbers",
  },
  {
    sign: "`",
    message: "there is no text in an expression",
    hint: "write names without quotes, and numbers",
  },
  {
    sign: ".",
    message: "an expression has no property access",
    hint: "give the signal a name of its own",
  },
  instead("${", "write the number itself, or make it a metric"),
  instead("{", "lists are written max([a, b])"),
  instead("}", "lists are written max([a, b])"),
  instead("#", "an expression has no comments; put it on a line of its own in the file"),
  instead(";", "write one expression only"),
  instead(":", "write a if condition else b"),
];

function instead(sign: string, hint: string): ForeignSign {
  return { sign, message: `"${sign}" is not known in an expression`, hint };
}

/** The foreign sign that stands at a place of the source, the longest that fits. */
export function foreignSignAt(source: string, offset: number): ForeignSign | undefined {
  return SIGNS.find(({ sign }) => source.startsWith(sign, offset));
}

/** What people call functions elsewhere, and what to write here. */
export const FOREIGN_FUNCTIONS: ReadonlyMap<string, string> = new Map([
  ["mean", "write avg([a, b])"],
  ["average", "write avg([a, b])"],
  ["minimum", "write min([a, b])"],
  ["maximum", "write max([a, b])"],
  ["total", "write sum([a, b])"],
  ["sqrt", "write a ** 0.5"],
  ["pow", "write a ** b"],
  ["ceiling", "write ceil(a)"],
  ["int", "write floor(a), ceil(a) or round(a)"],
  ["trunc", "write floor(a), ceil(a) or round(a)"],
  ["float", "every value is a number already"],
  ["len", "the number of instances is instances"],
  ["clamp", "write max([low, min([high, a])])"],
]);
