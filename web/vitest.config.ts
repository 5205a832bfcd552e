import { defineConfig } from "vitest/config";

const conditions = ["neuraldocflow-source"];

/** What needs no browser; the rest is tested in Chromium, by tests/e2e. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["*/test/**/*.test.ts"],
    setupFiles: ["./vitest.patience.ts"],
    testTimeout: 60_000, // a machine that is busy is no failure
    hookTimeout: 60_000,
  },
});
