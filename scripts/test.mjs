// npm test: installs and builds what is missing, sets up the ROS prefix, then lints and runs every test.
// Arguments go to mocha, e.g. `npm test -- --grep pool`.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bootstrap, root, run, say } from './bootstrap.mjs';

bootstrap();
const bin = (...path) => join(root, 'node_modules', ...path);
const mochaArgs = process.argv.slice(2);
const everything = mochaArgs.length === 0;

if (everything) {
  say('Checking format and lint ...');
  run(process.execPath, [bin('@biomejs', 'biome', 'bin', 'biome'), 'check', '--error-on-warnings', '.']);
}

const rosSetup = join(root, 'scripts', 'ros', 'setup.mjs');
if (process.env.EFFVIT_WITHOUT_ROS !== '1' && existsSync(rosSetup)) {
  say('Setting up a ROS 2 prefix for the tests (about 5 minutes the first time) ...');
  const done = spawnSync(process.execPath, [rosSetup], { cwd: root, stdio: 'inherit' });
  if (done.status !== 0) {
    say('There is no ROS 2 here, so every ROS test will be left out: the reason stands above.');
    if (process.env.CI === 'true') process.exit(1);
    process.env.EFFVIT_WITHOUT_ROS = '1';
  }
}

say('Running the tests ...');
const mocha = [
  process.execPath,
  bin('mocha', 'bin', 'mocha.js'),
  '--reporter',
  join(root, 'scripts', 'mochaReporter.cjs'),
  ...mochaArgs,
];
const coverage = [
  bin('c8', 'bin', 'c8.js'),
  '--reporter=text-summary',
  '--reporter=lcovonly',
  '--src=build/src',
];
run(process.execPath, everything ? [...coverage, ...mocha] : mocha.slice(1));
say('Done.');
