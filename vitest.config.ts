import { defineConfig } from "vitest/config";

// Whoever started us may want colours; what the tests start decides for itself.
delete process.env.FORCE_COLOR;
delete process.env.NO_COLOR;

const conditions = ["@bellows/source", "node", "import", "default"];

/** One configuration for every package: `vitest run --root packages/NAME --config ../../vitest.config.ts`. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "integration/**/*.itest.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
    // The second file is what `npm test` adds up; nx restores it with a cached run.
    reporters: ["default", "json"],
    outputFile: { json: "test-results/vitest.json" },
  },
});
