#!/usr/bin/env node
// @ts-check
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';

// Read when libtorch is loaded, so they must stand here. Threads that wait in OpenMP sleep rather than spin: parts that
// run side by side would starve each other. Images are decoded on Node's own pool, one thread a core.
process.env.OMP_WAIT_POLICY ??= 'passive';
process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, availableParallelism()));

const compiled = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(compiled)) {
  const { main } = await import(compiled.href);
  process.exit(await main(process.argv.slice(2)));
} else {
  process.stderr.write(
    'hilum: this checkout is not set up yet. Type `npm run setup` in its folder, then start again.\n',
  );
  process.exit(2);
}
