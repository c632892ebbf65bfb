import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { packagePath } from '../../../../src/core/packageRoot.js';
import { leaveOut } from '../../../helpers/leaveOut.js';
import { rosScript } from '../../../helpers/rosScript.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

interface Options {
  readonly log: string;
  readonly failure: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly limitMs?: number;
}

type RunCommand = (command: string, args: readonly string[], options: Options) => Promise<string>;

const WAIT_LIMIT_MS = 60_000;

async function until(condition: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + WAIT_LIMIT_MS;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`Waited in vain for ${what}.`);
    await delay(20);
  }
}

describe('scripts/ros/runCommand', function () {
  this.timeout(300_000);
  const scratch = scratchFolder();
  let runCommand: RunCommand;

  beforeEach(async () => {
    ({ runCommand } = await rosScript<{ runCommand: RunCommand }>('runCommand'));
  });

  const failure = 'It could not be made';

  it('gives what the command wrote, and keeps all of it in the log', async () => {
    const log = scratch.path('log');
    assert.equal(await runCommand('sh', ['-c', 'echo out; echo err >&2'], { log, failure }), 'out\n');
    assert.match(readFileSync(log, 'utf8'), /^\n\$ sh -c echo out; echo err >&2\n(out\nerr\n|err\nout\n)$/);
  });

  it('says in one sentence how a command failed, and names the log', async () => {
    const log = scratch.path('log');
    await assert.rejects(runCommand('sh', ['-c', 'exit 3'], { log, failure }), {
      message: 'It could not be made (sh ended with exit code 3)',
      log,
      exitCode: 1,
    });
    await assert.rejects(runCommand('effvit-no-such-command', [], { log, failure }), {
      message: 'It could not be made: effvit-no-such-command was not found.',
    });
    await assert.rejects(runCommand('/nowhere/cmake', [], { log, failure }), {
      message: 'It could not be made: /nowhere/cmake was not found.',
    });
    await assert.rejects(runCommand('sleep', ['60'], { log, failure, limitMs: 300 }), {
      message: 'It could not be made (sleep did not end within 0.005 minutes)',
    });
  });

  it('does not wait for what the command left running', async () => {
    const log = scratch.path('log');
    const pid = scratch.path('pid');
    await runCommand('sh', ['-c', `sleep 100 & echo $! > ${pid}`], { log, failure });
    process.kill(Number(readFileSync(pid, 'utf8')), 'SIGKILL');
  });

  /** A program that runs a command for a minute; the command writes its process id to a file. */
  async function startProgram(): Promise<{
    child: ReturnType<typeof spawn>;
    pid: number;
    errors: () => string;
  }> {
    const file = scratch.path('pid');
    const script = [
      `import { runCommand } from '${pathToFileURL(packagePath('scripts', 'ros', 'runCommand.mjs')).href}';`,
      `import { reportSetupError } from '${pathToFileURL(packagePath('scripts', 'ros', 'program.mjs')).href}';`,
      `const options = { log: '${scratch.path('log')}', failure: '${failure}' };`,
      `const sleep = ['-c', 'echo $$ > ${file}; exec sleep 60'];`,
      // The second command is one whose failure somebody catches: it must not begin.
      "const first = () => runCommand('sh', sleep, options).catch(() => runCommand('touch', ['touched'], options));",
      'await reportSetupError(first);',
    ].join('\n');
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: scratch.path(),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr?.on('data', (text: Buffer) => {
      errors += text.toString();
    });
    await until(() => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'), 'the command');
    return { child, pid: Number(readFileSync(file, 'utf8')), errors: () => errors };
  }

  for (const [signal, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`ends the command and starts no other on ${signal}`, async () => {
      const { child, pid, errors } = await startProgram();
      child.kill(signal);
      assert.deepEqual(await once(child, 'close'), [exitCode, null]);
      assert.equal(
        errors(),
        'effvit: The set-up was interrupted: run it again, and it goes on where it stopped.\n',
      );
      assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
      assert.equal(existsSync(scratch.path('touched')), false);
    });
  }

  it('takes the command with it when it is killed', async function () {
    if (spawnSync('setpriv', ['--version']).error !== undefined)
      leaveOut(this, 'setpriv (util-linux) is not installed');
    const { child, pid } = await startProgram();
    child.kill('SIGKILL');
    await once(child, 'close');
    await until(() => {
      try {
        process.kill(pid, 0);
        return false;
      } catch {
        return true;
      }
    }, 'the end of the command');
  });
});
