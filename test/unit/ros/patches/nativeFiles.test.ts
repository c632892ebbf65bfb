import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { packagePath } from '../../../../src/core/packageRoot.js';
import {
  isRebuildForced,
  type NativeHost,
  nativeFiles,
  thisHost,
} from '../../../../src/ros/patches/nativeFiles.js';
import { nativeProblem } from '../../../../src/ros/rcl/rosEnvironment.js';
import { leaveOut } from '../../../helpers/leaveOut.js';
import { scratchFolder } from '../../../helpers/scratchFolder.js';

const NOBLE = 'NAME="Ubuntu"\nVERSION_CODENAME=noble\nUBUNTU_CODENAME=noble\n';
const MINT = 'NAME="Linux Mint"\nVERSION_CODENAME=wilma\nUBUNTU_CODENAME=noble\n';
const DEBIAN = 'NAME="Debian GNU/Linux"\nVERSION_CODENAME=bookworm\n';

const PREBUILT = 'prebuilds/linux-arm64/jazzy-noble-arm64-node-rclnodejs.node';
const RELEASE = 'build/Release/rclnodejs.node';

function host(changes: Partial<NativeHost> = {}): NativeHost {
  return { env: { ROS_DISTRO: 'jazzy' }, platform: 'linux', arch: 'arm64', osRelease: NOBLE, ...changes };
}

/** The modules of rclnodejs that do not load its native part. */
async function rclnodejsLib<Module>(context: Mocha.Context, name: string): Promise<Module> {
  let path: string;
  try {
    path = createRequire(import.meta.url).resolve(`rclnodejs/lib/${name}`);
  } catch {
    return leaveOut(context, 'ROS: rclnodejs is not installed');
  }
  return (await import(pathToFileURL(path).href)) as Module;
}

describe('nativeFiles', () => {
  const scratch = scratchFolder();

  function files(...names: readonly string[]): void {
    for (const name of names) {
      mkdirSync(dirname(scratch.path(name)), { recursive: true });
      writeFileSync(scratch.path(name), '');
    }
  }

  const found = (on: NativeHost): readonly string[] =>
    nativeFiles(scratch.path(), on).map((path) => relative(scratch.path(), path));

  it('is what rclnodejs ships for exactly this distribution, and then what was built', () => {
    files(PREBUILT, RELEASE);
    assert.deepEqual(found(host()), [PREBUILT, RELEASE]);
  });

  const others: readonly (readonly [name: string, changes: Partial<NativeHost>])[] = [
    ['another ROS', { env: { ROS_DISTRO: 'humble' } }],
    ['no ROS', { env: {} }],
    ['another processor', { arch: 'x64' }],
    ['another system', { platform: 'darwin' }],
    ['another distribution', { osRelease: DEBIAN }],
    ['what is derived from an Ubuntu', { osRelease: MINT }],
    ['a system that tells no name', { osRelease: '' }],
    ['Electron', { env: { ROS_DISTRO: 'jazzy', npm_config_runtime: 'electron' } }],
    ['a name that leads out of the folder', { env: { ROS_DISTRO: '../linux-arm64/jazzy' } }],
  ];
  for (const [name, changes] of others) {
    it(`passes over what is shipped, on ${name}`, () => {
      files(PREBUILT);
      assert.deepEqual(found(host(changes)), []);
      files(RELEASE);
      assert.deepEqual(found(host(changes)), [RELEASE]);
    });
  }

  it('is one of several builds: the first, whatever follows', () => {
    files('build/Debug/rclnodejs.node', RELEASE, 'out/Release/rclnodejs.node');
    assert.deepEqual(found(host()), ['build/Debug/rclnodejs.node']);
  });

  it('names the shipped file as rclnodejs and the set-up do', async function () {
    interface Prebuilds {
      getTaggedPrebuildFilename(of: object): string;
    }
    interface Utils {
      detectUbuntuCodename(): string | null;
    }
    const { getTaggedPrebuildFilename } = await rclnodejsLib<Prebuilds>(this, 'prebuilds.js');
    const { detectUbuntuCodename } = await rclnodejsLib<Utils>(this, 'utils.js');
    const codename = detectUbuntuCodename();
    if (codename === null) leaveOut(this, 'There is no codename in /etc/os-release, so nothing shipped');
    const name = getTaggedPrebuildFilename({
      rosDistro: 'jazzy',
      ubuntuCodename: codename,
      arch: process.arch,
      runtime: 'node',
    });
    const shipped = join('prebuilds', `${process.platform}-${process.arch}`, name);
    files(shipped);
    assert.deepEqual(found(thisHost({ ROS_DISTRO: 'jazzy' })), [shipped]);
    const script = pathToFileURL(packagePath('scripts', 'ros', 'native.mjs')).href;
    const { prebuiltAddon } = (await import(script)) as {
      prebuiltAddon: (folder: string, distro: string) => string | undefined;
    };
    assert.equal(prebuiltAddon(scratch.path(), 'jazzy'), scratch.path(shipped));
    assert.equal(prebuiltAddon(scratch.path(), 'humble'), undefined);
  });

  describe('nativeProblem', () => {
    /** Loads all but these, and notes what was tried. */
    function loader(...broken: readonly string[]) {
      const tried: string[] = [];
      const load = (path: string): void => {
        tried.push(relative(scratch.path(), path));
        if (broken.includes(tried.at(-1) ?? '')) throw new Error('librcl.so: cannot open\nmore');
      };
      return { tried, load };
    }

    it('is none where the shipped file loads, or else the build', () => {
      files(PREBUILT, RELEASE);
      const whole = loader();
      assert.equal(nativeProblem(scratch.path(), host(), whole.load), undefined);
      assert.deepEqual(whole.tried, [PREBUILT]);
      const broken = loader(PREBUILT);
      assert.equal(nativeProblem(scratch.path(), host(), broken.load), undefined);
      assert.deepEqual(broken.tried, [PREBUILT, RELEASE]);
    });

    it('is a build that does not load, also where another would', () => {
      files('build/Debug/rclnodejs.node', RELEASE);
      assert.match(
        nativeProblem(scratch.path(), host(), loader('build/Debug/rclnodejs.node').load) ?? '',
        /^The native part of rclnodejs does not load \(librcl\.so: cannot open\): run `npm run ros:setup`/,
      );
    });

    it('is that there is nothing for this distribution', () => {
      files(PREBUILT);
      assert.match(
        nativeProblem(scratch.path(), host({ osRelease: DEBIAN }), loader().load) ?? '',
        /^The native part of rclnodejs is not built for ROS 2 jazzy and Node\.js \d+/,
      );
    });

    it('is a rebuild that is forced, whatever is there', () => {
      files(PREBUILT, RELEASE);
      const env = { ROS_DISTRO: 'jazzy', RCLNODEJS_FORCE_BUILD: '1' };
      assert.match(
        nativeProblem(scratch.path(), host({ env }), loader().load) ?? '',
        /^RCLNODEJS_FORCE_BUILD=1 makes .* run `unset RCLNODEJS_FORCE_BUILD`\.$/,
      );
      assert.equal(isRebuildForced({ RCLNODEJS_FORCE_BUILD: '0' }), false);
    });
  });
});
