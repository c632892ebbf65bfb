import assert from 'node:assert/strict';
import { cpSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { makeRosPackage } from '../../../helpers/madeRosPackage.js';
import { rosScript } from '../../../helpers/rosScript.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

interface Exports {
  readonly hasOverlay: (root: string) => boolean;
  readonly makeOverlay: (root: string) => void;
}

describe('scripts/ros/overlay', () => {
  const scratch = scratchFolder();
  let exports: Exports;

  beforeEach(async () => {
    exports = await rosScript<Exports>('overlay');
    makeRosPackage(scratch.path('clone'));
  });

  it('is a prefix of links to the clone, made anew where a file comes, goes or moves', () => {
    const root = scratch.path('clone');
    assert.equal(exports.hasOverlay(root), false);
    exports.makeOverlay(root);
    assert.equal(exports.hasOverlay(root), true);
    const overlay = scratch.path('clone', 'build', 'ros');
    assert.equal(readlinkSync(`${overlay}/lib/effvit/classifier_node`), `${root}/bin/classifier_node`);
    assert.equal(
      readlinkSync(`${overlay}/share/effvit/launch/classifier.launch.py`),
      `${root}/launch/classifier.launch.py`,
    );

    writeFileSync(`${root}/launch/new.launch.py`, '');
    assert.equal(exports.hasOverlay(root), false);
    exports.makeOverlay(root);
    assert.equal(exports.hasOverlay(root), true);
    rmSync(`${overlay}/lib/effvit/effvit`);
    assert.equal(exports.hasOverlay(root), false);
  });

  it('does not take the links of the clone that this one was copied from', () => {
    exports.makeOverlay(scratch.path('clone'));
    cpSync(scratch.path('clone'), scratch.path('copy'), { recursive: true, verbatimSymlinks: true });
    assert.equal(exports.hasOverlay(scratch.path('copy')), false);
    exports.makeOverlay(scratch.path('copy'));
    assert.equal(exports.hasOverlay(scratch.path('copy')), true);
    assert.equal(exports.hasOverlay(scratch.path('clone')), true);
  });
});
