import assert from 'node:assert/strict';
import { RATE_RANGE } from '../../../src/cli/options.js';
import { packagePath } from '../../../src/core/packageRoot.js';
import { launchOutcome, needPython, recordLaunch } from '../../helpers/recordLaunch.js';

const FILE = packagePath('launch', 'replay.launch.py');
/** Any path that exists will do: nothing is played. */
const BAG = packagePath('package.json');

describe('launch/replay.launch.py', function () {
  this.timeout(300_000);

  before(function () {
    needPython(this);
  });

  it('declares its own arguments and all of the classifier', () => {
    const names = recordLaunch(FILE, { bag: BAG }).arguments.map(({ name }) => name);
    assert.deepEqual(names.slice(0, 6), ['bag', 'rate', 'loop', 'clock', 'player', 'exit_at_end']);
    for (const name of ['image_topics', 'model', 'dds_profile']) assert.ok(names.includes(name), name);
  });

  it('starts the classifier, plays the bag to it and ends with the bag', () => {
    const { nodes, processes, handlers, files } = recordLaunch(FILE, { bag: BAG, model: 'm' });
    assert.deepEqual(files, ['replay.launch.py', 'classifier.launch.py']);
    assert.deepEqual(nodes[0]?.parameters[1], { model: 'm' });
    assert.deepEqual(
      processes.map(({ cmd }) => cmd),
      [[packagePath('bin', 'effvit.cjs'), 'play', BAG, '--rate', '1']],
    );
    assert.deepEqual(handlers, [
      { on: 'start', target: 'classifier', emits: [], emits_in_shutdown: [] },
      { on: 'exit', target: 'classifier', emits: [], emits_in_shutdown: [] },
      // A second shutdown would make the launch fail on Ctrl-C.
      { on: 'exit', target: 'bag_player', emits: ['Shutdown'], emits_in_shutdown: [] },
    ]);
  });

  it('passes rate, loop and clock on, and lets the node use that clock', () => {
    const args = { bag: BAG, rate: '2.50', loop: 'true', clock: 'true', exit_at_end: 'false' };
    const { nodes, processes, handlers } = recordLaunch(FILE, args);
    assert.deepEqual(processes[0]?.cmd.slice(3), ['--rate', '2.5', '--loop', '--clock']);
    assert.deepEqual(nodes[0]?.parameters[1], { use_sim_time: true });
    assert.equal(handlers.length, 2);
  });

  it('takes the rates that effvit play takes', () => {
    const { min, max } = RATE_RANGE;
    for (const rate of [min, max]) {
      const { processes } = recordLaunch(FILE, { bag: BAG, rate: String(rate) });
      assert.deepEqual(processes[0]?.cmd.slice(3), ['--rate', String(rate)]);
    }
    for (const rate of [min * 0.9, max * 1.01, Number.NaN]) {
      const outcome = launchOutcome(FILE, { bag: BAG, rate: String(rate) });
      const error = 'error' in outcome ? outcome.error : 'not refused';
      assert.match(error, new RegExp(`from ${min} to ${max} for the argument rate but received`));
    }
  });

  it('can play with ros2 bag', () => {
    const { processes } = recordLaunch(FILE, { bag: BAG, player: 'ros2bag' });
    assert.deepEqual(processes[0]?.cmd, ['ros2', 'bag', 'play', BAG, '--rate', '1']);
  });

  it('refuses wrong values in one sentence, before the node is started', () => {
    const cases: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
      [{}, /Required launch argument "bag" was not provided/],
      [{ bag: '/nowhere' }, /argument bag but there is no "\/nowhere"/],
      [{ bag: BAG, rate: '0' }, /argument rate but received "0"/],
      [{ bag: BAG, rate: 'fast' }, /argument rate but received "fast"/],
      [{ bag: BAG, exit_at_end: 'perhaps' }, /true or false for the argument exit_at_end/],
      [{ bag: BAG, clock: 'perhaps' }, /true or false for the argument clock/],
      [{ bag: BAG, player: 'vlc' }, /effvit or ros2bag for the argument player but received "vlc"/],
    ];
    for (const [args, expected] of cases) {
      const outcome = launchOutcome(FILE, args);
      const error = 'error' in outcome ? outcome.error : 'not refused';
      assert.match(error, expected);
      assert.doesNotMatch(error, /left running/);
    }
  });
});
