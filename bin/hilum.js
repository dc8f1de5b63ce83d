#!/usr/bin/env node
// @ts-check
import { existsSync } from 'node:fs';

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
