import type { Reporter, TestModule } from "vitest/node";

/** Closes the run with one plain line, `N passed, N failed, N skipped`, and says what was skipped. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    const skipped: string[] = [];
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        counts[state] += 1;
        if (state === "skipped") skipped.push(`${module.relativeModuleId}: ${test.fullName}`);
      }
      // A file that could not be loaded has no tests to fail.
      if (module.state() === "failed" && module.errors().length > 0) counts.failed += 1;
    }
    for (const name of skipped) process.stdout.write(`skipped  ${name}\n`);
    const failed = counts.failed + counts.pending + errors.length;
    process.stdout.write(`${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped\n`);
  }
}
