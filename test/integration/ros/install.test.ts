import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packagePath } from '../../../src/core/packageRoot.js';
import { imageMessage } from '../../helpers/imageMessage.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { NodeProcess } from '../../helpers/NodeProcess.js';
import { type Classification, reliable } from '../../helpers/NodeUnderTest.js';
import { RosPeer, waitFor } from '../../helpers/RosPeer.js';
import { rosTestEnvironment } from '../../helpers/rosTestEnvironment.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const MODEL = 'efficientvit_m5_signs';
const NODE = '/classifier';

async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let all = '';
  child.stdout.on('data', (text: Buffer) => {
    stdout += text.toString();
    all += text.toString();
  });
  child.stderr.on('data', (text: Buffer) => {
    all += text.toString();
  });
  // An error here is a command that is not there.
  const [code] = await once(child, 'close');
  assert.equal(code, 0, `${command} ${args.join(' ')}: ${all}`);
  return stdout;
}

/** Paths of all that lies in a folder, relative to it. */
function listing(folder: string): string[] {
  const all = readdirSync(folder, { recursive: true }) as string[];
  return all.filter((path) => !path.includes('__pycache__')).sort();
}

describe('the package as cmake installs it', function () {
  this.timeout(600_000);
  let env: NodeJS.ProcessEnv = {};
  let folder = '';
  let node: NodeProcess | undefined;
  let peer: RosPeer | undefined;
  const installed = (...segments: string[]): string => join(folder, 'install', ...segments);

  before(async function () {
    const ros = await rosTestEnvironment(this);
    for (const tool of ['cmake', 'c++'])
      await run(tool, ['--version'], ros).catch(() => leaveOut(this, `${tool} is not installed`));
    // Without the clone's own prefix: what starts the node here is the installed package alone.
    const prefixes = (ros['AMENT_PREFIX_PATH'] ?? '').split(':');
    const others = prefixes.filter((prefix) => prefix !== packagePath('build', 'ros'));
    env = { ...ros, AMENT_PREFIX_PATH: others.join(':') };
    folder = mkdtempSync(join(tmpdir(), 'effvit-install-'));
    const build = join(folder, 'build');
    const options = [`-DCMAKE_INSTALL_PREFIX=${installed()}`, '-DBUILD_TESTING=OFF'];
    // At first with a Node.js that does not run: the build leaves the node out, and the next one finds the right one.
    const old = join(folder, 'old');
    mkdirSync(old);
    writeFileSync(join(old, 'node'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const oldEnv = { ...env, PATH: `${old}:${env['PATH']}` };
    await run('cmake', ['-S', packagePath(), '-B', build, ...options], oldEnv);
    await run('cmake', ['--build', build, '--target', 'effvit_node'], oldEnv);
    assert.equal(existsSync(join(build, 'node')), false);
    // All but the messages, which ros:setup has compiled by this same CMakeLists.txt.
    await run('cmake', ['--build', build, '--target', 'effvit_node'], env);
    await run('cmake', ['--install', build, '--component', 'node'], env);
  });

  after(() => {
    if (folder !== '') rmSync(folder, { recursive: true, force: true });
  });

  afterEach(async () => {
    await peer?.close();
    await node?.end();
    peer = undefined;
    node = undefined;
  });

  it('has the launch files, the configuration, the models and what the node loads, and no link', () => {
    const share = (...segments: string[]): string => installed('share', 'effvit', ...segments);
    for (const part of ['launch', 'config', 'models', 'msg'])
      assert.deepEqual(listing(share(part)), listing(packagePath(part)), part);
    const manifest = JSON.parse(readFileSync(packagePath('package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
      devDependencies: Record<string, string>;
    };
    for (const name of [...Object.keys(manifest.dependencies), 'rclnodejs'])
      assert.ok(existsSync(share('node_modules', name, 'package.json')), name);
    for (const name of Object.keys(manifest.devDependencies))
      assert.equal(existsSync(share('node_modules', name)), false, name);
    const all = listing(installed());
    assert.deepEqual(
      all.filter((path) => lstatSync(installed(path)).isSymbolicLink()),
      [],
    );
    const executables = listing(installed('lib', 'effvit'));
    assert.deepEqual(executables, ['classifier_node', 'effvit']);
    for (const name of executables)
      assert.notEqual(lstatSync(installed('lib', 'effvit', name)).mode & 0o111, 0, name);
  });

  it('has the command line, which finds the installed models', async () => {
    const stdout = await run(installed('lib', 'effvit', 'effvit'), ['model', 'list', '--json'], env);
    assert.ok(stdout.includes(installed('share', 'effvit', 'models', MODEL)), stdout);
  });

  // A link is what colcon build --symlink-install may leave in lib/effvit.
  for (const how of ['installed', 'linked'] as const) {
    it(`starts the node by its ${how} executable, with nothing loaded from the sources`, async () => {
      let executable = installed('lib', 'effvit', 'classifier_node');
      if (how === 'linked') {
        symlinkSync(executable, join(folder, 'classifier_node'));
        executable = join(folder, 'classifier_node');
      }
      node = new NodeProcess(env, ['-p', `model:=${MODEL}`, ...reliable()], executable);
      peer = await RosPeer.start(env);
      assert.equal(await peer.transition(NODE, 'configure'), true, node.output);
      assert.equal(await peer.transition(NODE, 'activate'), true, node.output);
      const type = 'vision_msgs/msg/Classification';
      await peer.ask({ op: 'subscribe', topic: '/classification', type });
      await peer.ask({ op: 'advertise', topic: '/image', type: 'sensor_msgs/msg/Image' });
      await peer.match('/image');
      await peer.match('/classification');
      await peer.ask({ op: 'publish', topic: '/image', message: imageMessage(1, 1) });
      const results: Classification[] = [];
      await waitFor(async () => {
        results.push(
          ...((await peer?.ask<Classification[]>({ op: 'take', topic: '/classification' })) ?? []),
        );
        return results.length > 0;
      }, `a result; the node said: ${node.output}`);
      assert.equal(results[0]?.results.length, 5);
      const mapped = readFileSync(`/proc/${node.pid}/maps`, 'utf8');
      assert.match(mapped, /rclnodejs\.node/);
      assert.ok(!mapped.includes(packagePath()), mapped);
      assert.equal(await node.end('SIGINT'), 0, node.output);
    });
  }
});

describe('the package as cmake installs it from the tarball', function () {
  this.timeout(900_000);
  const scratch = scratchFolder();

  it('needs no npm and downloads nothing, and has the command line and the node', async function () {
    const env = await rosTestEnvironment(this);
    const arch = process.arch;
    const packed = packagePath(`effvit-node-linux-${arch}.tgz`);
    const wasThere = existsSync(packed);
    const tarball = scratch.path(`effvit-node-linux-${arch}.tgz`);
    try {
      await run(process.execPath, [packagePath('scripts', 'packNode.mjs')], process.env).catch(() =>
        leaveOut(this, 'npm did not bring the packages'),
      );
      copyFileSync(packed, tarball);
    } finally {
      if (!wasThere) rmSync(packed, { force: true });
    }
    // A clone without node_modules and build, with an npm that does nothing but fail.
    const clone = scratch.path('clone');
    for (const name of [
      'CMakeLists.txt',
      'package.json',
      'package.xml',
      'bin',
      'msg',
      'config',
      'launch',
      'models',
      'scripts',
      'ros',
    ])
      cpSync(packagePath(name), join(clone, name), { recursive: true });
    mkdirSync(scratch.path('bin'));
    writeFileSync(scratch.path('bin', 'npm'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const bare = { ...env, PATH: `${scratch.path('bin')}:${env['PATH']}` };
    const install = scratch.path('install');
    const build = scratch.path('build');
    const options = [
      `-DCMAKE_INSTALL_PREFIX=${install}`,
      '-DBUILD_TESTING=OFF',
      `-DEFFVIT_TARBALL=${tarball}`,
    ];
    const said = await run('cmake', ['-S', clone, '-B', build, ...options], bare);
    assert.match(said, /The node comes from .*: nothing is downloaded/);
    await run('cmake', ['--build', build, '--target', 'effvit_node'], bare);
    await run('cmake', ['--install', build, '--component', 'node'], bare);
    const share = join(install, 'share', 'effvit');
    for (const name of ['rclnodejs', 'onnxruntime-node', 'sharp'])
      assert.ok(existsSync(join(share, 'node_modules', name, 'package.json')), name);
    assert.equal(existsSync(join(share, 'node_modules', 'typescript')), false);
    assert.ok(existsSync(join(share, 'node_modules', 'rclnodejs', 'generated', 'sensor_msgs')));
    const listed = await run(join(install, 'lib', 'effvit', 'effvit'), ['model', 'list', '--json'], bare);
    assert.ok(listed.includes(join(share, 'models', MODEL)));
    const node = new NodeProcess(
      bare,
      ['-p', `model:=${MODEL}`],
      join(install, 'lib', 'effvit', 'classifier_node'),
    );
    const peer = await RosPeer.start(bare);
    try {
      assert.equal(await peer.transition(NODE, 'configure'), true, node.output);
    } finally {
      await peer.close();
      await node.end();
    }
  });
});
