/**
 * How long commands take to start, of one or several builds in turns, so that all see the same machine. Prints wall
 * and CPU time (user and system; the steadier one on a busy machine), the least and the median.
 *
 *   node build/test/bench/startup.bench.js [FOLDER...] [--rounds 15]
 *
 * FOLDER: of a built effvit; this one unless told. `node -e 0` is there for comparison.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packagePath } from '../../src/core/packageRoot.js';

const COMMANDS = [['--help'], ['doctor'], ['model', 'list']];

interface Times {
  readonly wallMs: number;
  readonly cpuMs: number;
}

function timed(args: readonly string[]): Times {
  const startedMs = performance.now();
  // Node.js tells nothing of ended children; `times` of a shell does.
  const done = spawnSync(
    'bash',
    ['-c', '"$@" >/dev/null 2>&1; code=$?; times; exit $code', '-', process.execPath, ...args],
    { encoding: 'utf8' },
  );
  const wallMs = performance.now() - startedMs;
  // doctor ends with 1 where the machine lacks something.
  const mayEndWith = args.includes('doctor') ? [0, 1] : [0];
  assert.ok(mayEndWith.includes(done.status ?? -1), `${args.join(' ')} ended with ${done.status}`);
  const children = done.stdout.trim().split('\n')[1] ?? '';
  const cpuMs = [...children.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60_000 + Number(seconds) * 1000,
    0,
  );
  return { wallMs, cpuMs };
}

/** The first version has another one. */
function launcherIn(folder: string): string {
  const found = ['effvit.cjs', 'effvit.mjs'].map((name) => join(folder, 'bin', name)).find(existsSync);
  assert.ok(found, `${folder} has no effvit in bin`);
  return found;
}

function row(name: string, times: readonly Times[]): string {
  const figures = (['wallMs', 'cpuMs'] as const).map((key) => {
    const sorted = times.map((one) => one[key]).sort((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
    return `${key.slice(0, -2)} ${sorted[0]?.toFixed(0)} / ${median.toFixed(0)} ms`;
  });
  return `${name.padEnd(50)} ${figures.join('   ')}`;
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '15' } },
});
const folders = positionals.length > 0 ? positionals : [packagePath()];
const lines: [string, string[]][] = [
  ['node -e 0', ['-e', '0']],
  ...COMMANDS.flatMap((command) =>
    folders.map((folder): [string, string[]] => [
      `${folder}: effvit ${command.join(' ')}`,
      [launcherIn(folder), ...command],
    ]),
  ),
];
const results = lines.map((): Times[] => []);
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [index, [, args]] of lines.entries()) results[index]?.push(timed(args));
}
console.log(
  `${cpus()[0]?.model.trim()}, ${cpus().length} cores, Node.js ${process.versions.node}; least / median`,
);
for (const [index, [name]] of lines.entries()) console.log(row(name, results[index] ?? []));
