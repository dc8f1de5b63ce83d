import { writeSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/**
 * Ends the output of a test run with one plain line, `N passed, N failed, N skipped`. A file, a suite or a hook that
 * failed outside any test counts as one failure, so that the line never looks better than the exit code.
 */
export class ClosingLine implements Reporter {
  private readonly count = { passed: 0, failed: 0, skipped: 0, pending: 0 };

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    this.count.failed += unhandled.length;
    for (const module of modules) {
      for (const test of module.children.allTests()) this.count[test.result().state]++;
      this.count.failed += module.errors().length;
      for (const suite of module.children.allSuites()) this.count.failed += suite.errors().length;
    }
    const { passed, failed, skipped, pending } = this.count;
    process.once('exit', () => writeSync(1, `\n${passed} passed, ${failed} failed, ${skipped + pending} skipped\n`));
  }
}
