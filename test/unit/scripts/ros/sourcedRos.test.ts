import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { rosScript } from '../../../helpers/rosScript.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

interface Sourced {
  readonly distro: string;
  readonly root: string;
  readonly prefixes: readonly string[];
}

describe('scripts/ros/sourcedRos', () => {
  const scratch = scratchFolder();
  let sourcedRos: (env: NodeJS.ProcessEnv) => Sourced | undefined = () => undefined;

  beforeEach(async () => {
    ({ sourcedRos } = await rosScript<{ sourcedRos: typeof sourcedRos }>('sourcedRos'));
  });

  /** The environment that `source /opt/ros/DISTRO/setup.bash` leaves, with a made-up ROS. */
  function source(distro: string): NodeJS.ProcessEnv {
    const root = scratch.path('opt', distro);
    mkdirSync(`${root}/bin`, { recursive: true });
    writeFileSync(`${root}/bin/ros2`, '#!/bin/sh\n');
    chmodSync(`${root}/bin/ros2`, 0o755);
    return { ROS_DISTRO: distro, ROS_VERSION: '2', AMENT_PREFIX_PATH: root, PATH: `/usr/bin:${root}/bin` };
  }

  it('knows Humble, Jazzy, Kilted and Lyrical by distribution, root and prefixes', () => {
    for (const distro of ['humble', 'jazzy', 'kilted', 'lyrical']) {
      const root = scratch.path('opt', distro);
      assert.deepEqual(sourcedRos(source(distro)), { distro, root, prefixes: [root] });
    }
  });

  it('keeps the order of workspaces, and leaves out prefixes that are gone', () => {
    const env = source('jazzy');
    const workspace = scratch.path('ws', 'install');
    mkdirSync(workspace, { recursive: true });
    const sourced = sourcedRos({
      ...env,
      AMENT_PREFIX_PATH: `/gone:${workspace}:${env['AMENT_PREFIX_PATH']}`,
    });
    assert.deepEqual(sourced?.prefixes, [workspace, scratch.path('opt', 'jazzy')]);
  });

  it('sees none where nothing, or only half of a ROS, is sourced', () => {
    const env = source('jazzy');
    assert.equal(sourcedRos({ PATH: '/usr/bin' }), undefined);
    assert.equal(sourcedRos({ ...env, ROS_DISTRO: '' }), undefined);
    assert.equal(sourcedRos({ ...env, PATH: '/usr/bin' }), undefined);
    assert.equal(sourcedRos({ ...env, AMENT_PREFIX_PATH: '/gone' }), undefined);
    chmodSync(scratch.path('opt', 'jazzy', 'bin', 'ros2'), 0o644);
    assert.equal(sourcedRos(env), undefined);
  });

  it('does not take the private ROS for a sourced one', () => {
    assert.equal(sourcedRos({ ...source('jazzy'), EFFVIT_ROS_PREFIX: '/cache/base' }), undefined);
  });

  it('refuses a ROS that the node cannot run on, in one sentence', () => {
    assert.throws(() => sourcedRos(source('foxy')), {
      name: 'SetupError',
      message:
        'ROS 2 foxy is sourced, but effvit runs on humble, jazzy, kilted, lyrical: source one of those, or none for the private ROS 2.',
    });
    assert.throws(() => sourcedRos({ ...source('noetic'), ROS_VERSION: '1' }), {
      message: 'ROS 1 noetic is sourced, and effvit is a ROS 2 node: source a ROS 2 in a new shell.',
    });
  });
});
