import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { packagePath } from '../../../src/core/packageRoot.js';
import type { HbmTakes } from '../../helpers/hbmTakeChild.js';
import { rosTestEnvironment } from '../../helpers/rosTestEnvironment.js';

const WHOLE_BYTES = 40 + 1920 * 1080 * 3;

describe('ROS node: taking an HbmMsg', function () {
  this.timeout(300_000);
  let env: NodeJS.ProcessEnv = {};

  before(async function () {
    env = await rosTestEnvironment(this);
  });

  it('copies its fields and its valid bytes, and survives what is no such message', async () => {
    const child = packagePath('build', 'test', 'helpers', 'hbmTakeChild.js');
    const { stdout } = await promisify(execFile)(process.execPath, [child], { env, timeout: 240_000 });
    const taken = (copiedBytes: number): object => ({ isTaken: true, copiedBytes });
    const refused = { isTaken: false, copiedBytes: 0 };
    assert.deepEqual(JSON.parse(stdout) as HbmTakes, {
      isShort: true,
      takes: {
        small: taken(40 + 0x0303),
        full: taken(WHOLE_BYTES),
        oversized: taken(WHOLE_BYTES),
        empty: taken(40),
        bigEndian: refused,
        cut: refused,
        'small again': taken(40 + 0x0101),
      },
    });
  });
});
