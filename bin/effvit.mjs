#!/usr/bin/env node
// The command `effvit`; everything is in the compiled program. What stands here is read by Node.js 12, too.
import './checkNode.cjs';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../build/src/cli/main.js', import.meta.url);
if (existsSync(fileURLToPath(main))) {
  import(main.href);
} else {
  console.error('effvit is not built yet: run `npm start` once in its folder.');
  process.exitCode = 1;
}
