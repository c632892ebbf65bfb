import assert from 'node:assert/strict';
import { splitNodeArguments } from '../../../src/cli/registerNode.js';
import { assertRefused } from '../../helpers/assertRefused.js';

const words = (line: string): string[] => line.split(' ').filter((word) => word !== '');

describe('splitNodeArguments', () => {
  const taken: readonly (readonly [name: string, line: string])[] = [
    ['nothing', ''],
    ['what ros2 run gives', '--ros-args -p threads:=4 -r image:=/camera/image_raw'],
    [
      'what ros2 launch gives',
      '--ros-args -r __node:=classifier -r __ns:=/robot --params-file /tmp/launch_params',
    ],
    ['an ended block', '--ros-args --log-level debug --'],
    ['several blocks', '--ros-args -p threads:=4 -- --ros-args -p top_k:=3'],
    ['several blocks of which none is ended', '--ros-args -p threads:=4 --ros-args -p top_k:=3'],
    ['an end of nothing', '--'],
  ];
  for (const [name, line] of taken) {
    it(`hands on ${name} as it is`, () => {
      assert.deepEqual(splitNodeArguments(words(line)), { rosArguments: words(line), isAutostarted: false });
    });
  }

  for (const line of [
    '--autostart --ros-args -p threads:=4',
    '--ros-args --autostart -p threads:=4',
    '--ros-args -p threads:=4 --autostart',
  ]) {
    it(`takes its own flag from ${line}`, () => {
      assert.deepEqual(splitNodeArguments(words(line)), {
        rosArguments: words('--ros-args -p threads:=4'),
        isAutostarted: true,
      });
    });
  }

  const refused: readonly (readonly [line: string, message: RegExp])[] = [
    ['--threads 4', /^--threads is outside .*write --ros-args -p threads:=4\.$/],
    ['--threads=4', /^--threads=4 is outside .*write --ros-args -p threads:=4\.$/],
    ['--top-k 3 --ros-args -p threads:=4', /write --ros-args -p top_k:=3\.$/],
    ['--threads', /write --ros-args -p threads:=VALUE\.$/],
    ['threads:=4', /^threads:=4 is outside .*write --ros-args -p threads:=4\.$/],
    ['image:=/camera/image_raw', /write --ros-args -r image:=\/camera\/image_raw\.$/],
    ['__node:=eyes', /write --ros-args -r __node:=eyes\.$/],
    ['-p threads:=4', /^-p is outside .*write --ros-args before it\.$/],
    ['--autostrat', /^--autostrat is outside .*perhaps you mean --autostart\.$/],
    ['4', /^4 is outside .*give parameters as --ros-args -p threads:=4/],
    ['--ros-args -p threads:=4 -- --top-k 3', /^--top-k is outside/],
    ['-- model', /^model is outside/],
  ];
  for (const [line, message] of refused) {
    it(`refuses ${line}`, () => {
      assertRefused(() => splitNodeArguments(words(line)), 'BAD_ARGUMENT', message);
    });
  }
});
