// Loaded before a program (node --import), in each of its threads: counts the runs of ONNX Runtime's sessions and the
// processor time that their thread spends in them. See InferenceCpu.ts.
import { openSync, writeSync } from 'node:fs';
import Module from 'node:module';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import koffi from 'koffi';
import { TOTALS_FOLDER_VARIABLE } from './InferenceCpu.js';

/** time.h of Linux */
const CLOCK_THREAD_CPUTIME_ID = 3;

interface NativeSession {
  run(...args: unknown[]): unknown;
}

interface Binding {
  InferenceSession: new (...args: unknown[]) => NativeSession;
}

type Loader = (module: { exports: unknown }, path: string) => void;

const folder = process.env[TOTALS_FOLDER_VARIABLE];
if (folder === undefined) throw new Error(`${TOTALS_FOLDER_VARIABLE} is not set`);
// A file that is empty until then is opened at the first run: most threads have none.
const file = join(folder, `${process.pid}-${threadId}`);
const clockGettime = koffi.load('libc.so.6').func('int clock_gettime(int clock, _Out_ int64_t *time)') as (
  clock: number,
  time: BigInt64Array,
) => number;
const time = new BigInt64Array(2);

function threadCpuMs(): number {
  clockGettime(CLOCK_THREAD_CPUTIME_ID, time);
  const [seconds = 0n, nanoseconds = 0n] = time;
  return Number(seconds) * 1e3 + Number(nanoseconds) / 1e6;
}

function counted({ InferenceSession }: Binding): Binding['InferenceSession'] {
  let descriptor: number | undefined;
  const totals = new Float64Array(2);
  const bytes = Buffer.from(totals.buffer);
  return class extends InferenceSession {
    override run(...args: unknown[]): unknown {
      const startMs = threadCpuMs();
      try {
        return super.run(...args);
      } finally {
        totals[0] = (totals[0] ?? 0) + 1;
        totals[1] = (totals[1] ?? 0) + threadCpuMs() - startMs;
        descriptor ??= openSync(file, 'w');
        writeSync(descriptor, bytes, 0, bytes.length, 0);
      }
    }
  };
}

// Native parts are loaded by this function alone; it is not in the public interface of node:module.
const { _extensions: loaders } = Module as unknown as { _extensions: { '.node': Loader } };
const load = loaders['.node'];
loaders['.node'] = (module, path) => {
  load(module, path);
  if (!path.endsWith('onnxruntime_binding.node')) return;
  const binding = module.exports as Binding;
  binding.InferenceSession = counted(binding);
};
