import { defineConfig } from "vitest/config";

/** Unit tests beside their files; `test/` crosses rooms. Browser tests run when a Chromium is found. */
export default defineConfig({
  test: {
    include: [
      "src/**/*.test.ts",
      "test/**/*.test.ts",
      "tools/**/*.test.ts",
      "web/src/**/*.test.ts",
    ],
    // Limits for what hangs, wide enough for a machine that is busy with something else.
    testTimeout: 90_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    maxWorkers: 2,
    reporters: ["default"],
  },
});
