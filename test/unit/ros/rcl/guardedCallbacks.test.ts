import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packagePath } from '../../../../src/core/packageRoot.js';

/** Of a node's callbacks: what an exception of these would end. */
const ENTRANCE = /\.(createSubscription|createService|createTimer)\s*[<(]|\bsetInterval\(/;
/** Hands the callback on to the file that made it. */
const FORWARDERS = new Set(['patches/nodeWithClockQos.ts', 'playback/ClockTicks.ts', 'rcl/rcl.ts']);
const GUARD = /callbackGuard\(|\brun\(|guard\.run/;

describe('callbacks of ROS', () => {
  it('enter by the guard in every file that makes one', () => {
    const folder = packagePath('src', 'ros');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.ts') && !FORWARDERS.has(name),
    );
    const makers = files.filter((name) => ENTRANCE.test(code(join(folder, name))));
    assert.ok(makers.length >= 5, `only ${makers.join(', ')}`);
    assert.deepEqual(
      makers.filter((name) => !GUARD.test(code(join(folder, name)))),
      [],
    );
  });
});

function code(path: string): string {
  return readFileSync(path, 'utf8').replaceAll(/^\s*(\*|\/\/|\/\*).*$/gm, '');
}
