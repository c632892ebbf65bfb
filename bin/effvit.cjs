#!/usr/bin/env node
// The command `effvit`; everything is in the compiled program. What stands here is read by Node.js 12, too.
'use strict';

require('./checkNode.cjs');
const { existsSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

// As many pictures are decoded at once as there may be workers: Node.js has four threads for that unless told before
// the first of them starts, which the first module of the other kind does.
if (process.env.UV_THREADPOOL_SIZE === undefined) process.env.UV_THREADPOOL_SIZE = '16';

const main = join(__dirname, '..', 'build', 'src', 'cli', 'main.js');
if (existsSync(main)) {
  import(pathToFileURL(main).href);
} else {
  console.error('effvit is not built yet: run `npm start` once in its folder.');
  process.exitCode = 1;
}
