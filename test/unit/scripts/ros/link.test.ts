import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rosScript } from '../../../helpers/rosScript.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

interface Layout {
  readonly rclnodejs: string | undefined;
  readonly native: string;
  readonly javascript: string;
  readonly linkKey: string;
}

interface Exports {
  readonly isLinked: (layout: Layout) => boolean;
  readonly linkRclnodejs: (layout: Layout) => void;
}

describe('scripts/ros/link', () => {
  const scratch = scratchFolder();
  let exports: Exports;

  beforeEach(async () => {
    exports = await rosScript<Exports>('link');
    mkdirSync(scratch.path('rclnodejs'));
  });

  function make(key: string): Layout {
    mkdirSync(scratch.path(key, 'generated', 'std_msgs'), { recursive: true });
    writeFileSync(scratch.path(key, 'rclnodejs.node'), `native ${key}`);
    writeFileSync(scratch.path(key, 'generated', 'generator.json'), key);
    writeFileSync(scratch.path(key, 'generated', 'std_msgs', `${key}.js`), '');
    return {
      rclnodejs: scratch.path('rclnodejs'),
      native: scratch.path(key),
      javascript: scratch.path(key),
      linkKey: key,
    };
  }

  it('puts the native part and the classes into rclnodejs, and replaces those of another ROS whole', () => {
    const jazzy = make('jazzy');
    const humble = make('humble');
    assert.equal(exports.isLinked(jazzy), false);
    exports.linkRclnodejs(jazzy);
    assert.equal(exports.isLinked(jazzy), true);
    assert.equal(exports.isLinked(humble), false);

    exports.linkRclnodejs(humble);
    assert.equal(exports.isLinked(jazzy), false);
    assert.equal(exports.isLinked(humble), true);
    assert.deepEqual(readdirSync(scratch.path('rclnodejs')).sort(), ['.effvit-ros', 'build', 'generated']);
    assert.deepEqual(readdirSync(scratch.path('rclnodejs', 'generated', 'std_msgs')), ['humble.js']);
    assert.equal(
      readFileSync(scratch.path('rclnodejs', 'build', 'Release', 'rclnodejs.node'), 'utf8'),
      'native humble',
    );
  });

  it('sees that a clean step took the native part or the classes away', () => {
    const jazzy = make('jazzy');
    exports.linkRclnodejs(jazzy);
    rmSync(scratch.path('rclnodejs', 'build'), { recursive: true });
    assert.equal(exports.isLinked(jazzy), false);
    exports.linkRclnodejs(jazzy);
    assert.equal(exports.isLinked(jazzy), true);
    rmSync(scratch.path('rclnodejs', 'generated'), { recursive: true });
    assert.equal(exports.isLinked(jazzy), false);
    assert.equal(exports.isLinked({ ...jazzy, rclnodejs: undefined }), false);
  });
});
