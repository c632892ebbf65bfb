import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { buildFakeLibdnn, writeFakeBin } from '../../helpers/fakeLibdnn.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

/** Loads, runs good and bad frames, reloads, on the main thread of a process of its own. */
function program(libraryPath: string, modelPath: string): string {
  const url = (file: string): string => JSON.stringify(new URL(`../../../src/${file}`, import.meta.url).href);
  return `
    import { BpuBackend } from ${url('inference/bpu/BpuBackend.js')};
    import { modelLease } from ${url('inference/bpu/ModelLease.js')};
    const modelPath = ${JSON.stringify(modelPath)};
    const libraryPath = ${JSON.stringify(libraryPath)};
    const spec = { kind: 'bpu', modelPath, libraryPath, widthPx: 224, heightPx: 224, core: 1, priority: 3, timeoutMs: 1000, lease: modelLease(modelPath) };
    for (let round = 0; round < 3; round++) {
      const backends = [new BpuBackend(spec), new BpuBackend(spec)];
      for (const backend of backends) await backend.load();
      for (let frame = 0; frame < 20; frame++) {
        for (const backend of backends) await backend.run(new Uint8Array(224 * 336).fill(frame));
      }
      for (const backend of backends) await backend.dispose();
    }
    const wrong = new BpuBackend({ ...spec, widthPx: 320 });
    await wrong.load().then(() => process.exit(3), () => undefined);
    console.log('done');`;
}

/** A task hangs, its worker's thread ends, and the device comes to its end after that. */
function hungProgram(libraryPath: string, modelPath: string): string {
  const url = (file: string): string => JSON.stringify(new URL(`../../../src/${file}`, import.meta.url).href);
  const worker = `
    import { workerData } from 'node:worker_threads';
    import koffi from ${JSON.stringify(import.meta.resolve('koffi'))};
    import { BpuBackend } from ${url('inference/bpu/BpuBackend.js')};
    const backend = new BpuBackend(workerData);
    await backend.load();
    koffi.load(workerData.libraryPath).func('int32 fakednn_set(const char *name, int64 value)')('hang', 1);
    for (let place = 0; place < 4; place++) backend.batch.write(place, new Uint8Array(224 * 336).fill(place));
    await backend.batch.run(0, 4).then(() => process.exit(3), () => undefined);
    await backend.dispose();`;
  return `
    import { Worker } from 'node:worker_threads';
    import koffi from 'koffi';
    import { modelLease } from ${url('inference/bpu/ModelLease.js')};
    const modelPath = ${JSON.stringify(modelPath)};
    const libraryPath = ${JSON.stringify(libraryPath)};
    const library = koffi.load(libraryPath);
    const spec = { kind: 'bpu', modelPath, libraryPath, widthPx: 224, heightPx: 224, core: 'any', priority: 0, timeoutMs: 50, lease: modelLease(modelPath) };
    const code = await new Promise((resolve) =>
      new Worker(new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(worker)})), { workerData: spec }).once('exit', resolve));
    if (code !== 0) process.exit(4);
    globalThis.gc();
    // Takes what the thread has given back.
    const churn = Array.from({ length: 4000 }, (_, index) => new Uint8Array(index % 512).fill(1));
    library.func('void fakednn_unhang()')();
    if (library.func('const char *fakednn_violations()')() !== '') process.exit(5);
    console.log('done', churn.length);`;
}

describe('the BPU binding and memory', () => {
  const scratch = scratchFolder();

  function run(
    context: Mocha.Context,
    source: (libraryPath: string, modelPath: string) => string,
    settings: string,
  ) {
    if (process.platform !== 'linux') leaveOut(context, 'AddressSanitizer is preloaded on Linux alone');
    const built = buildFakeLibdnn('asan');
    if ('reason' in built) leaveOut(context, built.reason);
    const asan = spawnSync('cc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).stdout.trim();
    if (!existsSync(asan)) leaveOut(context, 'the shared AddressSanitizer library is not installed');
    const modelPath = writeFakeBin(scratch.path('model.bin'));
    return spawnSync(
      process.execPath,
      ['--expose-gc', '--input-type=module', '--eval', source(built.path, modelPath)],
      {
        encoding: 'utf8',
        timeout: 100_000,
        env: {
          ...process.env,
          LD_PRELOAD: asan,
          // Node.js keeps much at its end; what counts is what the library was not given back.
          ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=0:exitcode=99',
          FAKEDNN_REPORT: '1',
          FAKEDNN: settings,
        },
      },
    );
  }

  it('has no bad access and leaves nothing behind, as AddressSanitizer sees it', function () {
    const settings = 'input_type=2,row_stride=240,output_type=11,quanti_type=2,per_channel=1';
    const done = run(this, program, settings);
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stdout, /done/);
    assert.doesNotMatch(done.stderr, /AddressSanitizer/);
    assert.match(done.stderr, /FAKEDNN memory 0 tasks 0 handles 0 violations 0/);
  });

  it('keeps all that a hung task uses until its end, though the thread has ended', function () {
    const done = run(this, hungProgram, 'batch0=4');
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stdout, /done/);
    assert.doesNotMatch(done.stderr, /AddressSanitizer/);
    assert.match(done.stderr, /FAKEDNN memory 8 tasks 1 handles 1 violations 0/);
  });
});
