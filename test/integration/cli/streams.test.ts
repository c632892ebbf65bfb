import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { packagePath } from '../../../src/core/packageRoot.js';
import { writeColourModel } from '../../helpers/colourModel.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const EFFVIT = packagePath('bin', 'effvit.cjs');
const PICTURE = packagePath('docs', 'images', 'classify.png');
/** A command that waits for ever would; one that does its work does not, on whatever machine. */
const LIMIT_MS = 100_000;

describe('streams of the commands', function () {
  this.timeout(240_000);
  const scratch = scratchFolder();
  const env = { ...process.env, NO_COLOR: '1' };

  for (const args of [['classify', PICTURE], ['model', 'list'], ['--help'], ['completion', 'bash']]) {
    it(`tell a full disk in one sentence: ${args[0]}`, async function () {
      if (!existsSync('/dev/full')) leaveOut(this, 'no /dev/full on this machine');
      const model =
        args[0] === 'classify' ? ['--model', await writeColourModel(scratch.path('colours'))] : [];
      const full = openSync('/dev/full', 'w');
      const run = spawnSync(process.execPath, [EFFVIT, ...args, ...model], {
        env,
        stdio: ['ignore', full, 'pipe'],
        encoding: 'utf8',
        timeout: LIMIT_MS,
      });
      closeSync(full);
      assert.equal(run.status, 1);
      assert.match(run.stderr, /^effvit: Cannot write to standard output: ENOSPC[^\n]*\.\n$/);
    });
  }

  it('do not mind where errors go', async () => {
    const full = openSync('/dev/full', 'w');
    const run = spawnSync(process.execPath, [EFFVIT, 'classify', '/nowhere.png'], {
      env,
      stdio: ['ignore', 'pipe', full],
      timeout: LIMIT_MS,
    });
    closeSync(full);
    assert.equal(run.status, 1);
  });

  describe('with a named pipe for a picture', () => {
    async function piped(): Promise<{ child: ReturnType<typeof spawn>; path: string; output: () => string }> {
      const path = scratch.path('pipe');
      assert.equal(spawnSync('mkfifo', [path]).status, 0);
      const model = await writeColourModel(scratch.path('colours'));
      const child = spawn(process.execPath, [EFFVIT, 'classify', path, '--model', model], {
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let text = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on('data', (piece: Buffer) => {
          text += piece.toString();
        });
      }
      return { child, path, output: () => text };
    }

    it('classify reads it', async () => {
      const { child, path, output } = await piped();
      const pipe = await open(path, 'w');
      await pipe.writeFile(await readFile(PICTURE));
      await pipe.close();
      const [code] = (await once(child, 'close')) as [number];
      assert.equal(code, 0, output());
      assert.match(output(), /pipe {2}\d+x\d+/);
    });

    it('classify gives up where nobody writes, and says so', async () => {
      const { child, output } = await piped();
      const [code] = (await once(child, 'close')) as [number];
      assert.equal(code, 1);
      assert.match(output(), /is a pipe that gave nothing for 10000 ms: name a file/);
    });

    it('classify ends by the first SIGTERM while it waits', async () => {
      const { child, path, output } = await piped();
      // Opens once the command does, and keeps it from an end.
      const pipe = await open(path, 'w');
      child.kill('SIGTERM');
      const [code] = (await once(child, 'close')) as [number];
      await pipe.close();
      assert.equal(code, 143, output());
      assert.equal(output(), '');
    });
  });

  for (const [what, args] of [
    ['the list of eval', ['eval']],
    ['the workconfig of model import', ['model', 'import']],
    ['the configuration of quantize', ['quantize', '--calibration', PICTURE]],
    ['--expect of replay', ['replay', packagePath('bags', 'signs_drive'), '--quiet', '--expect']],
  ] as const) {
    it(`end by the first SIGTERM while they read a pipe: ${what}`, async () => {
      const path = scratch.path('pipe');
      assert.equal(spawnSync('mkfifo', [path]).status, 0);
      const model = args[0] === 'model' ? [] : ['--model', await writeColourModel(scratch.path('colours'))];
      const child = spawn(process.execPath, [EFFVIT, ...args, path, ...model], { env, stdio: 'ignore' });
      const pipe = await open(path, 'w');
      // A pipe that is never silent is read for ever.
      const writing = setInterval(() => void pipe.write('#').catch(() => undefined), 100);
      child.kill('SIGTERM');
      const [code] = (await once(child, 'close')) as [number];
      clearInterval(writing);
      await pipe.close();
      assert.equal(code, 143);
    });
  }
});
