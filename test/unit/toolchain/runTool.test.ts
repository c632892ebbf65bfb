import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf, runTool, type ToolRun } from '../../../src/toolchain/runTool.js';
import { assertRejected } from '../../helpers/assertRefused.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

describe('runTool', () => {
  const scratch = scratchFolder();

  /** Node in Python's place: what is tried here is the process, not its language. */
  function run(script: string, more: Partial<ToolRun> = {}): Promise<readonly string[]> {
    return runTool({
      toolchain: { folder: scratch.path(), pythonPath: process.execPath, env: { TOOL_VARIABLE: 'given' } },
      args: ['-e', script],
      what: 'The tool',
      logPath: scratch.path('logs', 'tool.log'),
      limitMs: 60_000,
      ...more,
    });
  }

  it('gives the lines of both outputs without colours, and keeps all in the log', async () => {
    const seen: string[] = [];
    const lines = await run(
      'process.stdout.write("\\x1b[92mone\\x1b[0m\\n10 %\\r20 %\\r"); console.error(process.env.TOOL_VARIABLE)',
      { onLine: (line) => seen.push(line) },
    );
    assert.deepEqual([...lines].sort(), ['10 %', '20 %', 'given', 'one']);
    assert.deepEqual(seen, lines);
    assert.match(readFileSync(scratch.path('logs', 'tool.log'), 'utf8'), /one[\s\S]*20 %/);
  });

  it("says the tool's own reason and where its log is", async () => {
    await assertRejected(
      run('console.log("2026-01-01 ERROR node x has 5 dimensions."); process.exit(3)'),
      'TOOL_FAILED',
      /^The tool failed: node x has 5 dimensions \(see .*tool\.log\)\.$/,
    );
  });

  it('says so where the tool was killed', async () => {
    await assertRejected(
      run('process.kill(process.pid, "SIGKILL"); setInterval(() => {}, 1000)'),
      'TOOL_FAILED',
      /it was killed \(out of memory\?\)/,
    );
  });

  it('says so where there is no such program', async () => {
    const toolchain = { folder: scratch.path(), pythonPath: scratch.path('nothing'), env: {} };
    await assertRejected(run('', { toolchain }), 'TOOL_FAILED', /The tool could not be started/);
  });

  it('ends what takes too long', async () => {
    await assertRejected(
      run('setInterval(() => {}, 1000)', { limitMs: 50 }),
      'TIMED_OUT',
      /did not end within/,
    );
  });

  it('ends the tool and what the tool started when it is interrupted', async () => {
    const stop = new AbortController();
    const file = scratch.path('grandchild');
    const grandchild = `setInterval(() => require('fs').writeFileSync(${JSON.stringify(file)}, String(process.pid)), 20)`;
    const script = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}]); process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)`;
    const running = run(script, { signal: stop.signal });
    while (!existsSync(file) || readFileSync(file, 'utf8') === '') await sleep(20);
    const pid = Number(readFileSync(file, 'utf8'));
    stop.abort();
    await assertRejected(running, 'CANCELLED', /The tool was interrupted/);
    // A killed process is there until its new parent has asked for it.
    const isAlive = (): boolean => {
      try {
        return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
      } catch {
        return false;
      }
    };
    for (let tries = 0; isAlive() && tries < 500; tries++) await sleep(20);
    assert.equal(isAlive(), false);
  });

  it('starts nothing once it was interrupted', async () => {
    await assertRejected(
      run(`require('fs').writeFileSync(${JSON.stringify(scratch.path('ran'))}, '')`, {
        signal: AbortSignal.abort(),
      }),
      'CANCELLED',
      /interrupted/,
    );
    assert.equal(existsSync(scratch.path('ran')), false);
  });
});

describe('reasonOf', () => {
  it('prefers the exception to what was logged, and that to the last line', () => {
    const ended = { code: 1, signal: null };
    assert.equal(
      reasonOf(ended, ['x ERROR logged', 'ValueError: bad shape', 'end']),
      'ValueError: bad shape',
    );
    assert.equal(reasonOf(ended, ['x ERROR logged', 'end']), 'logged');
    assert.equal(reasonOf(ended, ['the end.', ' ']), 'the end');
    assert.equal(reasonOf(ended, []), 'exit code 1');
  });
});
