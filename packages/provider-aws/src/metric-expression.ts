/** Metric math, SEARCH and SELECT: as much of their grammar as it takes to put several of them into one call. */

/** Quoted text, which means nothing to us; or a word, with its bracket if it is a function. */
const TOKENS = /'[^']*'|"[^"]*"|`[^`]*`|(?<![\w.])([A-Za-z_]\w*)(\s*\()?/g;

/** What CloudWatch takes for the id of a query. @see docs.aws.amazon.com, MetricDataQuery, Id */
const ID = /^[a-z]\w*$/;

/** Words of the language that may be written small. */
const WORDS = new Set(["and", "or", "asc", "desc", "avg", "sum", "min", "max"]);

/** Whether it is a query of Metrics Insights. */
export function isSelect(expression: string): boolean {
  return /^\s*select\b/i.test(expression);
}

/** Whether it is about all metrics of the call that it is in, so that it must have no neighbours. */
export function takesAll(expression: string): boolean {
  return tokensOf(expression).some(({ word, isCall }) => isCall && word.toUpperCase() === "METRICS");
}

/** Names that it uses and that none of `known` is, each once. Those of a SELECT are not of this language. */
export function unknownNames(expression: string, known: readonly string[]): string[] {
  if (isSelect(expression)) return [];
  const free = tokensOf(expression)
    .filter(({ word, isCall }) => !isCall && ID.test(word) && !WORDS.has(word) && !known.includes(word))
    .map(({ word }) => word);
  return [...new Set(free)];
}

/** The expression with each of these names in another form: ids are one call's, names one expression's. */
export function renamed(
  expression: string,
  names: readonly string[],
  rename: (name: string) => string,
): string {
  return expression.replace(TOKENS, (token: string, word?: string, call?: string) =>
    word !== undefined && call === undefined && names.includes(word) ? rename(word) : token,
  );
}

function tokensOf(expression: string): { word: string; isCall: boolean }[] {
  return [...expression.matchAll(TOKENS)].flatMap(([, word, call]) =>
    word === undefined ? [] : [{ word, isCall: call !== undefined }],
  );
}
