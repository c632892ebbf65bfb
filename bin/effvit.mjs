#!/usr/bin/env node
// The command `effvit`; everything is in the compiled program.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../build/src/cli/main.js', import.meta.url);
if (existsSync(fileURLToPath(main))) {
  await import(main.href);
} else {
  console.error('effvit is not built yet: run `npm start` once in its folder.');
  process.exitCode = 1;
}
