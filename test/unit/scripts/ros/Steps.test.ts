import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { rosScript } from '../../../helpers/rosScript.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

interface StepRunner {
  readonly worked: number;
  run(folder: string, name: string, title: string, work: () => Promise<void> | void): Promise<void>;
}

interface Exports {
  readonly Steps: new (
    total: number,
    options: { out: { write(text: string): void }; now: () => number },
  ) => StepRunner;
  readonly isDone: (folder: string, names: readonly string[]) => boolean;
}

describe('scripts/ros/Steps', () => {
  const scratch = scratchFolder();
  let exports: Exports;
  let shown = '';

  beforeEach(async () => {
    exports = await rosScript<Exports>('Steps');
    shown = '';
  });

  function steps(total: number): StepRunner {
    let nowMs = 0;
    const out = {
      write: (text: string): void => {
        shown += text;
      },
    };
    // Every look at the clock is 2.5 s later.
    const now = (): number => {
      nowMs += 2500;
      return nowMs;
    };
    return new exports.Steps(total, { out, now });
  }

  it('does each step once, over several runs, and shows it with its time', async () => {
    const folder = scratch.path('made');
    let count = 0;
    const work = (): void => {
      count += 1;
    };
    const first = steps(2);
    await first.run(folder, 'one', 'The first', work);
    await first.run(folder, 'two', 'The second', work);
    assert.equal(first.worked, 2);
    assert.equal(shown, '[1/2] The first ...\n    2.5 s\n[2/2] The second ...\n    2.5 s\n');

    shown = '';
    const second = steps(2);
    await second.run(folder, 'one', 'The first', work);
    await second.run(folder, 'two', 'The second', work);
    assert.equal(second.worked, 0);
    assert.equal(shown, '');
    assert.equal(count, 2);
  });

  it('goes on at the step that failed', async () => {
    const folder = scratch.path('made');
    const done: string[] = [];
    const first = steps(2);
    await first.run(folder, 'one', 'The first', () => void done.push('one'));
    const failing = first.run(folder, 'two', 'The second', () => Promise.reject(new Error('no network')));
    await assert.rejects(failing, /no network/);
    assert.match(shown, /failed after 2\.5 s/);
    assert.equal(exports.isDone(folder, ['one', 'two']), false);

    const second = steps(2);
    await second.run(folder, 'one', 'The first', () => void done.push('one again'));
    await second.run(folder, 'two', 'The second', () => void done.push('two'));
    assert.deepEqual(done, ['one', 'two']);
    assert.equal(exports.isDone(folder, ['one', 'two']), true);
  });

  it('counts a step as done only by its stamp, not by what lies in the folder', async () => {
    const folder = scratch.path('made');
    mkdirSync(folder);
    writeFileSync(scratch.path('made', 'half'), '');
    assert.equal(exports.isDone(folder, ['one']), false);
    await steps(1).run(folder, 'one', 'The first', () => {
      assert.ok(existsSync(scratch.path('made', '.done')));
      assert.equal(exports.isDone(folder, ['one']), false, 'not done while it works');
    });
    assert.equal(exports.isDone(folder, ['one']), true);
  });
});
