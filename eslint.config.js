// Only the rules that need types, and the ones that keep time and chance out of core. Biome does the rest.
import tseslint from "typescript-eslint";

const clockHint = "core takes time and chance from its injected Clock (clock.ts)";

const typedRules = {
  "@typescript-eslint/await-thenable": "error",
  "@typescript-eslint/consistent-type-imports": [
    "error",
    { fixStyle: "inline-type-imports", disallowTypeAnnotations: false },
  ],
  "@typescript-eslint/no-explicit-any": "error",
  "@typescript-eslint/no-floating-promises": "error",
  "@typescript-eslint/no-misused-promises": "error",
  "@typescript-eslint/no-unsafe-argument": "error",
  "@typescript-eslint/no-unsafe-assignment": "error",
  "@typescript-eslint/no-unsafe-call": "error",
  "@typescript-eslint/no-unsafe-member-access": "error",
  "@typescript-eslint/no-unsafe-return": "error",
  "@typescript-eslint/only-throw-error": "error",
  "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
};

/** Tests poke at parsed JSON and at broken doubles: unsafe reads are theirs to make, lost promises are not. */
const testRules = Object.fromEntries(
  Object.keys(typedRules)
    .filter((name) => name.includes("/no-unsafe-"))
    .map((name) => [name, "off"]),
);

const timeGlobals = ["setTimeout", "setInterval", "setImmediate"].map((name) => ({
  name,
  message: clockHint,
}));

const timeProperties = [
  ["Date", "now"],
  ["Math", "random"],
  ["performance", "now"],
  ["AbortSignal", "timeout"],
  ["globalThis", "setTimeout"],
  ["globalThis", "setInterval"],
].map(([object, property]) => ({ object, property, message: clockHint }));

const timeSyntax = [
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: clockHint },
  { selector: "CallExpression[callee.name='Date']", message: clockHint },
];

const timeModules = ["node:timers", "node:timers/promises", "timers", "timers/promises"].map((name) => ({
  name,
  message: clockHint,
}));

export default tseslint.config(
  {
    ignores: [
      "**/dist/**",
      "**/bundle/**",
      "**/node_modules/**",
      "docs/reference/**",
      "**/*.js",
      "**/*.mjs",
      "**/*.cjs",
    ],
  },
  {
    files: ["packages/*/{src,test,integration}/**/*.ts", "testing/src/**/*.ts"],
    plugins: { "@typescript-eslint": tseslint.plugin },
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { project: "./tsconfig.tests.json", tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: typedRules,
  },
  { files: ["**/*.test.ts", "**/*.itest.ts", "packages/*/{test,integration}/**/*.ts"], rules: testRules },
  {
    files: ["packages/core/src/**/*.ts"],
    ignores: ["packages/core/src/clock.ts", "**/*.test.ts"],
    rules: {
      "no-restricted-globals": ["error", ...timeGlobals],
      "no-restricted-properties": ["error", ...timeProperties],
      "no-restricted-syntax": ["error", ...timeSyntax],
      "no-restricted-imports": ["error", { paths: timeModules }],
    },
  },
);
