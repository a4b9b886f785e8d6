import { defineConfig } from "vitest/config";

// Whoever started us may want colours; what the tests start decides for itself.
delete process.env.FORCE_COLOR;
delete process.env.NO_COLOR;

const conditions = ["@bellows/source", "node", "import", "module", "default"];

/** One configuration for every package: `vitest run --root packages/NAME --config ../../vitest.config.ts`. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    projects: [
      { extends: true, test: { name: "unit", include: ["src/**/*.test.ts", "test/**/*.test.ts"] } },
      {
        extends: true,
        test: {
          name: "integration",
          include: ["integration/**/*.itest.ts"],
          // Real processes share the machine with whatever else runs there. In CI, one that fails is run once more, and
          // its line says "retry x1": such a test is to be mended. Unit and property tests have one chance.
          retry: process.env.CI ? 1 : 0,
        },
      },
    ],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    passWithNoTests: false,
    // The second file is what `npm test` adds up; nx restores it with a cached run.
    reporters: ["default", "json"],
    outputFile: { json: "test-results/vitest.json" },
  },
});
