import { defineConfig } from "vitest/config";

// Whoever started us may want colours; what the tests start decides for itself.
delete process.env.FORCE_COLOR;
delete process.env.NO_COLOR;

const conditions = ["@bellows/source", "node", "import", "default"];

/**
 * Walks that a second Node need not take again: pages and commands one by one, and other people's programs held against
 * our servers. `TEST_WALKS=once` leaves them out.
 */
const WALKS = [
  "integration/docs.itest.ts",
  "integration/by-hand.itest.ts",
  "integration/aws.itest.ts",
  "integration/boto3.itest.ts",
  "integration/pyrax.itest.ts",
  "integration/schemathesis.itest.ts",
];

/** One configuration for every package: `vitest run --root packages/NAME --config ../../vitest.config.ts`. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "integration/**/*.itest.ts"],
    exclude: process.env.TEST_WALKS === "once" ? WALKS : [],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
    // The second file is what `npm test` adds up; nx restores it with a cached run.
    reporters: ["default", "json"],
    outputFile: { json: "test-results/vitest.json" },
  },
});
