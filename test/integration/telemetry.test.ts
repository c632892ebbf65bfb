import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { packagePath } from '../../src/core/packageRoot.js';
import { writeColourModel } from '../helpers/colourModel.js';
import { runScript, type ScriptRun } from '../helpers/runScript.js';
import { scratchFolder } from '../helpers/scratchFolder.js';

/**
 * ONNX Runtime's library reports to its maker unless it is told not to: it looks a collector's address up, and
 * leaves mat-debug-PID.log in the temporary folder and a database in the cache folder.
 */
describe('what leaves the machine', () => {
  const scratch = scratchFolder();
  let model = '';

  beforeEach(async () => {
    model = await writeColourModel(scratch.path('colours'));
  });

  /** A library that writes down calls to the network, where there is a compiler for it. */
  function networkCalls(): string | undefined {
    const path = scratch.path('networkCalls.so');
    const source = packagePath('test', 'fixtures', 'networkCalls.c');
    const done = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', path, source, '-ldl'], {
      encoding: 'utf8',
    });
    if (done.error !== undefined) return undefined;
    assert.equal(done.status, 0, done.stderr);
    return path;
  }

  /** Runs a script with folders of its own, and gives what it left there and called. */
  async function watched(
    script: string,
    args: readonly string[],
  ): Promise<{ run: ScriptRun; traces: string[] }> {
    const temporary = scratch.path('tmp');
    mkdirSync(temporary);
    const log = scratch.path('network.log');
    const preload = networkCalls();
    const run = await runScript(script, args, {
      env: {
        ORT_DISABLE_TELEMETRY: '',
        HOME: scratch.path('home'),
        XDG_CACHE_HOME: scratch.path('cache'),
        TMPDIR: temporary,
        EFFVIT_NETWORK_LOG: log,
        ...(preload !== undefined && { LD_PRELOAD: preload }),
      },
    });
    const calls = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
    const homes = ['home', 'cache'].map((name) => scratch.path(name)).filter(existsSync);
    const files = [temporary, ...homes].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
    );
    return {
      run,
      traces: [...calls, ...files.filter((file) => !file.startsWith(scratch.path('cache', 'effvit')))],
    };
  }

  for (const where of ['main', 'worker']) {
    it(`nothing where a program loads a model on its ${where} thread`, async () => {
      const { run, traces } = await watched('build/test/helpers/loadModelChild.js', [
        join(model, 'colours.onnx'),
        where,
      ]);
      assert.equal(run.stdout, 'loaded\n', run.stderr);
      assert.deepEqual(traces, []);
    });
  }

  it('nothing of a command, which takes 3,000 pictures on its command line', async () => {
    const picture = scratch.path('picture.png');
    await sharp({ create: { width: 16, height: 16, channels: 3, background: '#c02020' } }).toFile(picture);
    mkdirSync(scratch.path('pictures'));
    const pictures = Array.from({ length: 3000 }, (_, index) =>
      scratch.path('pictures', `frame_of_the_front_camera_${String(index).padStart(6, '0')}.png`),
    );
    for (const path of pictures) linkSync(picture, path);
    const { run, traces } = await watched('bin/effvit.cjs', [
      'classify',
      ...pictures,
      '--model',
      model,
      '--json',
    ]);
    assert.deepEqual([run.code, run.signal], [0, null], run.stderr.slice(-2000));
    assert.equal(run.stdout.trim().split('\n').length, pictures.length);
    assert.deepEqual(traces, []);
  });
});
