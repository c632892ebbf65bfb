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

describe('the BPU binding and memory', () => {
  const scratch = scratchFolder();

  it('has no bad access and leaves nothing behind, as AddressSanitizer sees it', function () {
    if (process.platform !== 'linux') leaveOut(this, 'AddressSanitizer is preloaded on Linux alone');
    const built = buildFakeLibdnn('asan');
    if ('reason' in built) leaveOut(this, built.reason);
    const asan = spawnSync('cc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).stdout.trim();
    if (!existsSync(asan)) leaveOut(this, 'the shared AddressSanitizer library is not installed');
    const modelPath = writeFakeBin(scratch.path('model.bin'));
    const done = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', program(built.path, modelPath)],
      {
        encoding: 'utf8',
        timeout: 100_000,
        env: {
          ...process.env,
          LD_PRELOAD: asan,
          // Node.js keeps much at its end; what counts is what the library was not given back.
          ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=0:exitcode=99',
          FAKEDNN_REPORT: '1',
          FAKEDNN: 'input_type=2,row_stride=240,output_type=11,quanti_type=2,per_channel=1',
        },
      },
    );
    assert.equal(done.status, 0, done.stderr);
    assert.match(done.stdout, /done/);
    assert.doesNotMatch(done.stderr, /AddressSanitizer/);
    assert.match(done.stderr, /FAKEDNN memory 0 tasks 0 handles 0 violations 0/);
  });
});
