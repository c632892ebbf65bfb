// Instructions a frame around a simulated BPU without service time: from a frame in memory through the pool to the
// result as CDR, without ROS. Counted by valgrind's callgrind, which a busy machine does not disturb, as the difference
// of two runs of different lengths: what starting takes falls out, and what V8 compiles in between counts to others.
//
//   node build/test/bench/instructions.bench.js [--frames 1000] [FOLDER ...]
//
// FOLDER: clones with their builds, each counted in turn; default this one. A run of 2000 frames takes a minute.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { packagePath } from '../../src/core/packageRoot.js';
import { simulatedModel } from './ros/simulatedModel.js';

const { values, positionals } = parseArgs({
  options: { frames: { type: 'string', default: '1000' } },
  allowPositionals: true,
});
const frames = Number(values.frames);
const scratch = mkdtempSync(join(tmpdir(), 'effvit-instructions-'));

interface Counted {
  readonly main: number;
  readonly all: number;
}

function count(build: string, model: string, frameCount: number): Counted {
  const out = mkdtempSync(join(scratch, 'out-'));
  const script = packagePath('build', 'test', 'bench', 'framesChild.js');
  const child = [process.execPath, script, build, model, String(frameCount)];
  const done = spawnSync(
    'valgrind',
    ['--tool=callgrind', '--separate-threads=yes', `--callgrind-out-file=${join(out, 'out')}`, ...child],
    { encoding: 'utf8' },
  );
  if (done.error !== undefined) throw new Error('valgrind is not installed: apt-get install valgrind.');
  if (done.status !== 0) throw new Error(done.stderr);
  const threads = readdirSync(out).flatMap((name) => {
    const total = /^totals: (\d+)$/m.exec(readFileSync(join(out, name), 'latin1'))?.[1];
    return total === undefined ? [] : [{ isMain: name.endsWith('-01'), instructions: Number(total) }];
  });
  const sum = (chosen: typeof threads): number => chosen.reduce((all, one) => all + one.instructions, 0);
  return { main: sum(threads.filter(({ isMain }) => isMain)), all: sum(threads) };
}

try {
  const model = simulatedModel(scratch, 'no_service_time', { serviceMs: 0, hostMs: 0 });
  console.log(
    `Node ${process.version}, ${frames} frames beyond the first ${frames}, 32x32 nv12, 1000 classes`,
  );
  for (const folder of positionals.length > 0 ? positionals : [packagePath()]) {
    const build = join(resolve(folder), 'build');
    const [first, both] = [count(build, model, frames), count(build, model, 2 * frames)];
    const main = (both.main - first.main) / frames;
    const others = (both.all - first.all) / frames - main;
    console.log(
      `${folder}: ${main.toFixed(0)} instructions a frame on the main thread, ${others.toFixed(0)} on all others`,
    );
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
