import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';
import { packagePath } from '../../src/core/packageRoot.js';
import { leaveOut } from './leaveOut.js';

const SOURCE = packagePath('test', 'fixtures', 'libdnn', 'fakeLibdnn.c');

/**
 * Compiles the fake BPU runtime with the machine's own compiler, once for each state of its source.
 *
 * @returns the library's path, or why there is none.
 */
export function buildFakeLibdnn(variant: 'plain' | 'asan' = 'plain'): { path: string } | { reason: string } {
  const folder = packagePath('build', 'test', 'libdnn');
  const path = join(folder, variant === 'plain' ? 'libdnn.so' : 'libdnn-asan.so');
  if (existsSync(path) && statSync(path).mtimeMs > statSync(SOURCE).mtimeMs) return { path };
  mkdirSync(folder, { recursive: true });
  const part = `${path}.${process.pid}.part`;
  const flags = ['-std=gnu11', '-Wall', '-Wextra', '-Werror', '-O1', '-g', '-shared', '-fPIC'];
  const hidden = ['-fvisibility=hidden', '-pthread'];
  const sanitizer = variant === 'asan' ? ['-fsanitize=address'] : [];
  const done = spawnSync('cc', [...flags, ...hidden, ...sanitizer, '-o', part, SOURCE, '-lm'], {
    encoding: 'utf8',
  });
  if (done.error !== undefined) return { reason: 'no C compiler (cc) on this machine' };
  // A compiler that is there but refuses the source is a failure, not a reason to leave tests out.
  if (done.status !== 0 && variant === 'asan' && /asan|sanitize/.test(done.stderr)) {
    return { reason: 'the C compiler has no AddressSanitizer' };
  }
  if (done.status !== 0) throw new Error(`cc failed on ${SOURCE}:\n${done.stderr}`);
  renameSync(part, path);
  return { path };
}

/** The fake runtime as tests steer it; it is the same one that the worker threads of this process use. */
export class FakeLibdnn {
  readonly path: string;
  readonly #set: (name: string, value: number) => number;
  readonly #get: (name: string) => number | bigint;
  readonly #fail: (call: string, code: number, skip: number, times: number) => void;
  readonly #answer: (nv12: Uint8Array, bytes: number, logits: Float32Array, count: number) => void;
  readonly #lastNv12: (into: Uint8Array, capacity: number) => number;
  readonly #violations: () => string;
  readonly unhang: () => void;
  readonly reset: () => void;

  constructor(path: string) {
    this.path = path;
    const library = koffi.load(path);
    this.#set = library.func('int32 fakednn_set(const char *name, int64 value)');
    this.#get = library.func('int64 fakednn_get(const char *name)');
    this.#fail = library.func('void fakednn_fail(const char *call, int32 code, int32 skip, int32 times)');
    this.#answer = library.func('void fakednn_answer(void *nv12, uint32 bytes, void *logits, int32 count)');
    this.#lastNv12 = library.func('uint32 fakednn_last_nv12(void *into, uint32 capacity)');
    this.#violations = library.func('const char *fakednn_violations()');
    this.unhang = library.func('void fakednn_unhang()');
    this.reset = library.func('void fakednn_reset()');
  }

  /** For a suite's `before`; leaves the suite out where there is no compiler. */
  static build(context: Mocha.Context): FakeLibdnn {
    const built = buildFakeLibdnn();
    if ('reason' in built) leaveOut(context, built.reason);
    return new FakeLibdnn(built.path);
  }

  set(settings: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(settings)) {
      if (this.#set(name, value) !== 0) throw new Error(`The fake library has no setting ${name}.`);
    }
  }

  get(name: string): number {
    return Number(this.#get(name));
  }

  /** The next `times` calls of that name fail, after `skip` that do not. */
  fail(call: string, code: number, skip = 0, times = 1): void {
    this.#fail(call, code, skip, times);
  }

  /** Takes back what {@link fail} was told. */
  failNothing(): void {
    this.#fail('*', 0, 0, 0);
  }

  answer(nv12: Uint8Array, logits: Float32Array): void {
    this.#answer(nv12, nv12.length, logits, logits.length);
  }

  lastNv12(): Uint8Array {
    const bytes = new Uint8Array(1 << 21);
    return bytes.slice(0, this.#lastNv12(bytes, bytes.length));
  }

  /** What the caller did wrong, one line each; empty where nothing. */
  violations(): string {
    return this.#violations();
  }

  /** What the caller holds of the runtime. */
  held(): { memory: number; tasks: number; handles: number } {
    return {
      memory: this.get('live_memory'),
      tasks: this.get('live_tasks'),
      handles: this.get('live_handles'),
    };
  }
}

/** The logits that the fake makes of an NV12 frame, before they are quantised: integers in [-64, 64). */
export function fakeIntegers(nv12: Uint8Array, classCount: number): Int32Array {
  const sums = new Uint32Array(classCount);
  for (let place = 0; place < nv12.length; place++) {
    const index = place % classCount;
    sums[index] = (sums[index] ?? 0) + (nv12[place] ?? 0) * (1 + (place % 97));
  }
  return Int32Array.from(sums, (sum) => (sum % 128) - 64);
}

/** What the fake answers as float32. */
export function fakeLogits(nv12: Uint8Array, classCount = 1000): Float32Array {
  return Float32Array.from(fakeIntegers(nv12, classCount), (value) => value / 4);
}

/** A file that passes for a compiled model of that march, with the fake runtime. */
export function writeFakeBin(path: string, march = 'bayes-e'): string {
  const head = Buffer.from([0x08, 0x01, 0x10, 0x01, 0x2a, 0x80, 0x08]);
  const text = Buffer.from(`build options: --march ${march} --O3 -j 8 fake model of effvit's tests\0`);
  writeFileSync(path, Buffer.concat([head, text, Buffer.alloc(900, 7)]));
  return path;
}
