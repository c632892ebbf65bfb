#!/usr/bin/env -S UV_THREADPOOL_SIZE=16 node
// As many pictures are decoded at once as there may be workers; Node.js has four threads for that unless told before.
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
