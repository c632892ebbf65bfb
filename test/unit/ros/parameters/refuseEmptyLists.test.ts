import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { refuseEmptyLists } from '../../../../src/ros/parameters/refuseEmptyLists.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

describe('refuseEmptyLists', () => {
  const scratch = scratchFolder();

  function refuseFile(yaml: string): void {
    const file = scratch.path('parameters.yaml');
    writeFileSync(file, yaml);
    refuseEmptyLists(['--ros-args', '--params-file', file], '/robot/classifier');
  }

  it('names a list on the command line', () => {
    assert.throws(
      () => refuseEmptyLists(['--ros-args', '-p', 'image_topics:=[ ]'], '/classifier'),
      /^EffvitError: image_topics in the command line is an empty list/,
    );
    refuseEmptyLists(['--ros-args', '-p', 'image_topics:=[/image]'], '/classifier');
  });

  for (const [what, key] of Object.entries({
    'the whole name': '/robot/classifier:\n  ros__parameters:\n    image_topics: []',
    'a wildcard': '/**:\n  ros__parameters: {threads: 2, image_topics: []}',
    'a namespace around a name': 'robot:\n  classifier:\n    ros__parameters:\n      image_topics: []',
  })) {
    it(`names a list of a file under ${what}`, () => {
      assert.throws(() => refuseFile(key), /image_topics in .*parameters\.yaml is an empty list/);
    });
  }

  it('passes lists of other nodes, lists that are not empty, and what is no mapping', () => {
    refuseFile('/camera:\n  ros__parameters:\n    topics: []');
    refuseFile('/robot/classifier:\n  ros__parameters:\n    image_topics: [/image]');
    refuseFile('just a text');
  });

  it('leaves a file that cannot be read to rcl', () => {
    refuseEmptyLists(['--params-file', scratch.path('missing.yaml')], '/classifier');
  });
});
