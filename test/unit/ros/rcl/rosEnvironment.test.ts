import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { rosProblem } from '../../../../src/ros/rcl/rosEnvironment.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

describe('rosProblem', () => {
  const scratch = scratchFolder();

  function sourced(...packages: readonly string[]): NodeJS.ProcessEnv {
    const index = scratch.path('share', 'ament_index', 'resource_index', 'packages');
    for (const folder of [index, scratch.path('lib')]) mkdirSync(folder, { recursive: true });
    for (const name of packages) {
      writeFileSync(`${index}/${name}`, '');
      writeFileSync(scratch.path('lib', `lib${name}__rosidl_typesupport_c.so`), '');
    }
    mkdirSync(scratch.path('bin'));
    writeFileSync(scratch.path('bin', 'ros2'), '');
    chmodSync(scratch.path('bin', 'ros2'), 0o755);
    return { ROS_DISTRO: 'jazzy', AMENT_PREFIX_PATH: scratch.path(), PATH: scratch.path('bin') };
  }

  it('says that no ROS is sourced, or only half of one', () => {
    assert.match(rosProblem({}) ?? '', /^No ROS 2 is sourced in this shell: run `source /);
    assert.match(
      rosProblem({ ROS_DISTRO: 'jazzy', AMENT_PREFIX_PATH: '/nowhere', PATH: '/nowhere' }) ?? '',
      /^ROS 2 jazzy is sourced but there is no ros2 on PATH/,
    );
  });

  it('says that this Node.js cannot load rclnodejs, before anything of it is loaded', () => {
    assert.equal(
      rosProblem(sourced(), false),
      `rclnodejs cannot be loaded by Node.js ${process.versions.node}: install the newest Node.js 20 or 22.`,
    );
  });

  it('names the message package that is missing, and what brings it', () => {
    const base = ['builtin_interfaces', 'rosgraph_msgs', 'rcl_interfaces', 'lifecycle_msgs'];
    const env = sourced(...base, 'std_msgs', 'std_srvs', 'sensor_msgs', 'diagnostic_msgs', 'effvit');
    assert.match(
      rosProblem(env, true) ?? '',
      /^The message package vision_msgs is not on AMENT_PREFIX_PATH: install it with/,
    );
  });
});
