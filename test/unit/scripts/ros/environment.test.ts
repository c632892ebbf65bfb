import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeOfficialRos, makeRosPackage, markDone } from '../../../helpers/madeRosPackage.js';
import { rosScript } from '../../../helpers/rosScript.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

interface Ros {
  readonly kind: string;
  readonly distro: string;
  readonly prefix: string;
  readonly env: NodeJS.ProcessEnv;
  readonly missing: string | undefined;
}

interface Layout {
  readonly base: string;
  readonly messages: string;
  readonly native: string;
  readonly javascript: string;
  readonly rclnodejs: string;
  readonly linkKey: string;
}

type Options = { readonly env: NodeJS.ProcessEnv; readonly root: string };

describe('scripts/ros/environment', () => {
  const scratch = scratchFolder();
  let rosEnvironment: (options: Options) => Ros;
  let isReady: (options: Options) => boolean;
  let rosLayout: (options: Options) => Layout;
  let linkRclnodejs: (layout: Layout) => void;
  let makeOverlay: (root: string) => void;

  beforeEach(async () => {
    const environment = await rosScript<{ rosEnvironment: typeof rosEnvironment; isReady: typeof isReady }>(
      'environment',
    );
    ({ rosEnvironment, isReady } = environment);
    ({ rosLayout } = await rosScript<{ rosLayout: typeof rosLayout }>('layout'));
    ({ linkRclnodejs } = await rosScript<{ linkRclnodejs: typeof linkRclnodejs }>('link'));
    ({ makeOverlay } = await rosScript<{ makeOverlay: typeof makeOverlay }>('overlay'));
    makeRosPackage(scratch.path('clone'));
  });

  function options(env: NodeJS.ProcessEnv = {}): Options {
    const own = { PATH: '/usr/bin', EFFVIT_CACHE: scratch.path('cache'), ...env };
    return { env: own, root: scratch.path('clone') };
  }

  const missing = (): string | undefined => rosEnvironment(options()).missing;

  function makeBase({ base }: Layout): void {
    mkdirSync(join(base, 'bin'), { recursive: true });
    symlinkSync(process.execPath, join(base, 'bin', 'python3'));
    mkdirSync(join(base, 'lib', 'python3.11', 'site-packages', 'ros_rcl.libs'), { recursive: true });
    markDone(base, ['venv', 'wheels', 'fit']);
  }

  /** Fills every folder of the layout as the set-up would; returns what was missing before each part. */
  function makeAll(layout: Layout): (string | undefined)[] {
    const said = [missing()];
    makeBase(layout);
    said.push(missing());
    mkdirSync(join(layout.messages, 'lib', 'python3.11', 'site-packages'), { recursive: true });
    markDone(layout.messages, ['vision_msgs', 'hbm_img_msgs', 'ai_msgs', 'effvit']);
    said.push(missing());
    markDone(layout.native, ['compile']);
    writeFileSync(join(layout.native, 'rclnodejs.node'), '');
    said.push(missing());
    markDone(layout.javascript, ['generate']);
    mkdirSync(join(layout.javascript, 'generated'));
    writeFileSync(join(layout.javascript, 'generated', 'generator.json'), '{}');
    said.push(missing());
    linkRclnodejs(layout);
    said.push(missing());
    makeOverlay(scratch.path('clone'));
    return said;
  }

  it('says what is missing, part by part, until nothing is', () => {
    assert.equal(isReady(options()), false);
    assert.deepEqual(makeAll(rosLayout(options())), [
      'the private ROS 2 is not made',
      'the messages are not built',
      'the native part of rclnodejs is not built',
      'the JavaScript messages are not generated',
      'rclnodejs in node_modules lacks its native part or its messages',
      'the links to it are missing',
    ]);
    assert.equal(missing(), undefined);
    assert.equal(isReady(options()), true);
  });

  it('does not trust stamps when the Python or the native part is gone', () => {
    const layout = rosLayout(options());
    makeAll(layout);
    rmSync(join(layout.rclnodejs, 'build'), { recursive: true });
    assert.match(missing() ?? '', /lacks its native part/);
    rmSync(join(layout.base, 'bin', 'python3'));
    assert.equal(missing(), 'the Python of the private ROS 2 is gone');
  });

  it('gives child processes the private ROS: prefixes, libraries, Python and programs', () => {
    const layout = rosLayout(options());
    makeAll(layout);
    const { env, kind, distro, prefix } = rosEnvironment(
      options({ LD_LIBRARY_PATH: '/own/lib', HOME: '/home/me' }),
    );
    assert.deepEqual([kind, distro, prefix], ['private', 'jazzy', layout.base]);
    const { base, messages } = layout;
    assert.equal(env['AMENT_PREFIX_PATH'], `${scratch.path('clone')}/build/ros:${messages}:${base}`);
    assert.equal(
      env['LD_LIBRARY_PATH'],
      `${messages}/lib:${base}/lib:${base}/lib/python3.11/site-packages/ros_rcl.libs:/own/lib`,
    );
    assert.equal(env['PYTHONPATH'], `${messages}/lib/python3.11/site-packages`);
    assert.equal(env['PATH'], `${base}/bin:/usr/bin`);
    assert.equal(env['ROS_DISTRO'], 'jazzy');
    assert.equal(env['ROS_VERSION'], '2');
    assert.equal(env['RMW_IMPLEMENTATION'], 'rmw_fastrtps_cpp');
    assert.equal(env['HOME'], '/home/me');
  });

  it('is the same inside itself, with a workspace that is sourced there before it', () => {
    makeAll(rosLayout(options()));
    const outer = rosEnvironment(options()).env;
    const inner = rosEnvironment({ env: outer, root: scratch.path('clone') });
    assert.equal(inner.missing, undefined);
    assert.deepEqual(inner.env, outer);
    const workspace = { ...outer, AMENT_PREFIX_PATH: `/ws/install:${outer['AMENT_PREFIX_PATH']}` };
    const { env } = rosEnvironment({ env: workspace, root: scratch.path('clone') });
    assert.equal(env['AMENT_PREFIX_PATH'], workspace['AMENT_PREFIX_PATH']);
  });

  it('drops the rest of a half-sourced ROS, and keeps the middleware that the user chose', () => {
    makeAll(rosLayout(options()));
    const env = {
      AMENT_PREFIX_PATH: '/gone',
      ROS_DISTRO: 'humble',
      RMW_IMPLEMENTATION: 'rmw_fastrtps_dynamic_cpp',
    };
    const ros = rosEnvironment(options(env));
    assert.equal(ros.env['ROS_DISTRO'], 'jazzy');
    assert.ok(!(ros.env['AMENT_PREFIX_PATH'] ?? '').includes('/gone'));
    assert.equal(ros.env['RMW_IMPLEMENTATION'], 'rmw_fastrtps_dynamic_cpp');
  });

  it('puts the messages before a sourced ROS and leaves the rest as it is', () => {
    const sourced = makeOfficialRos(scratch.path('opt'), 'kilted', { vision_msgs: {} });
    const layout = rosLayout(options(sourced));
    mkdirSync(join(layout.messages, 'lib', 'python3.12', 'site-packages'), { recursive: true });
    const ros = rosEnvironment(options(sourced));
    assert.deepEqual([ros.kind, ros.distro, ros.prefix], ['sourced', 'kilted', scratch.path('opt')]);
    assert.equal(ros.missing, 'the messages are not built');
    assert.equal(ros.env['AMENT_PREFIX_PATH'], `${layout.messages}:${scratch.path('opt')}`);
    assert.equal(ros.env['PYTHONPATH'], `${layout.messages}/lib/python3.12/site-packages`);
    assert.equal(ros.env['PATH'], sourced['PATH']);
    assert.equal(ros.env['EFFVIT_ROS_PREFIX'], undefined);
  });
});
