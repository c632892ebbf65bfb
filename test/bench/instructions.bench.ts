// Instructions a frame around a simulated BPU without service time: from a frame in memory through the pool to the
// result as CDR, without ROS. Counted by valgrind's callgrind, which a busy machine does not disturb, once V8 has
// optimised what runs: the frames before are not counted, nor are the threads that compile and collect garbage.
//
//   node build/test/bench/instructions.bench.js [--warm-up 4000] [--frames 1000] [--size 32x32] [FOLDER ...]
//
// What a core of a board can carry is COMPUTED from that, by its clock and bounds of its instructions a cycle (--clock-ghz
// 1.8, as the page of published figures has an RDK X5; --ipc 0.5,1, an assumption: the Cortex-A55 issues two at most).
//
// FOLDER: clones with their builds, each counted in turn; default this one. One takes a minute on an idle machine.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { packagePath } from '../../src/core/packageRoot.js';
import { simulatedModel } from './ros/simulatedModel.js';

const { values, positionals } = parseArgs({
  options: {
    'warm-up': { type: 'string', default: '4000' },
    frames: { type: 'string', default: '1000' },
    size: { type: 'string', default: '32x32' },
    'clock-ghz': { type: 'string', default: '1.8' },
    ipc: { type: 'string', default: '0.5,1' },
  },
  allowPositionals: true,
});
const frames = Number(values.frames);
/** Called by each thread before and behind the frames that count: see markFrames.ts. */
const MARK = 'uv_os_setpriority';
const clockGhz = Number(values['clock-ghz']);
const scratch = mkdtempSync(join(tmpdir(), 'effvit-instructions-'));

interface Counted {
  readonly main: number;
  readonly worker: number;
}

function count(build: string, model: string): Counted {
  const out = mkdtempSync(join(scratch, 'out-'));
  const script = packagePath('build', 'test', 'bench', 'framesChild.js');
  const hook = packagePath('build', 'test', 'bench', 'markFrames.js');
  const child = [process.execPath, '--import', hook, script, build, model];
  const env = {
    ...process.env,
    EFFVIT_BENCH_FRAMES: `${values['warm-up']} ${values.frames}`,
    EFFVIT_BENCH_SIZE: values.size,
  };
  const done = spawnSync(
    'valgrind',
    [
      '--tool=callgrind',
      '--separate-threads=yes',
      `--dump-before=${MARK}`,
      `--callgrind-out-file=${join(out, 'out')}`,
      ...child,
    ],
    { encoding: 'utf8', env },
  );
  if (done.error !== undefined) throw new Error('valgrind is not installed: apt-get install valgrind.');
  if (done.status !== 0) throw new Error(done.stderr);
  // Files are named out.DUMP-THREAD; a thread's second one has what it did between the marks.
  const dumps = readdirSync(out)
    .flatMap((name) => {
      const [, dump, thread] = /^out\.(\d+)-(\d+)$/.exec(name) ?? [];
      return dump === undefined ? [] : [{ name, dump: Number(dump), thread: Number(thread) }];
    })
    .sort((one, other) => one.dump - other.dump);
  const between = (thread: number): number => {
    const [, second] = dumps.filter((one) => one.thread === thread);
    if (second === undefined)
      throw new Error(`Node.js ${process.version} has no symbol ${MARK} to count from.`);
    return Number(/^totals: (\d+)$/m.exec(readFileSync(join(out, second.name), 'latin1'))?.[1]);
  };
  const worker = Math.max(...dumps.map(({ thread }) => thread));
  if (worker <= 1) throw new Error('The worker marked no frames.');
  return { main: between(1), worker: between(worker) };
}

try {
  const model = simulatedModel(scratch, 'no_service_time', { serviceMs: 0, hostMs: 0 });
  console.log(
    `Node ${process.version}, ${frames} frames after ${values['warm-up']}, ${values.size} nv12, 1000 classes`,
  );
  for (const folder of positionals.length > 0 ? positionals : [packagePath()]) {
    const { main, worker } = count(join(resolve(folder), 'build'), model);
    const [ofMain, ofWorker] = [main, worker].map((instructions) => (instructions / frames).toFixed(0));
    console.log(`${folder}: ${ofMain} instructions a frame on the main thread, ${ofWorker} on the worker`);
    for (const ipc of values.ipc.split(',').map(Number)) {
      const [mainUs, workerUs] = [main, worker].map((all) => all / frames / (1000 * clockGhz * ipc)) as [
        number,
        number,
      ];
      console.log(
        `  COMPUTED at ${clockGhz} GHz and ${ipc} instructions a cycle: ${mainUs.toFixed(0)} us and ${workerUs.toFixed(0)} us a frame, ${(1e6 / mainUs).toFixed(0)} and ${(1e6 / workerUs).toFixed(0)} frames a second of one core each`,
      );
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
