import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { packagePath } from '../../../src/core/packageRoot.js';
import { writeColourModel } from '../../helpers/colourModel.js';
import { leaveOut } from '../../helpers/leaveOut.js';
import { NodeProcess } from '../../helpers/NodeProcess.js';
import { RosPeer, waitFor } from '../../helpers/RosPeer.js';
import { rosTestEnvironment } from '../../helpers/rosTestEnvironment.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';
import { tellStandIn } from '../../helpers/tellStandIn.js';

const FILE = packagePath('launch', 'classifier.launch.py');
const NO_LAUNCH = 'the Python packages launch, launch_ros and ros2launch are not installed';

describe('launch', function () {
  this.timeout(300_000);
  const scratch = scratchFolder();
  let env: NodeJS.ProcessEnv = {};

  before(async function () {
    env = await rosTestEnvironment(this);
  });

  describe('of the node', () => {
    let node: NodeProcess | undefined;
    let peer: RosPeer | undefined;

    afterEach(async () => {
      await peer?.close();
      await node?.kill();
    });

    it('gives it the parameters of files and arguments in the order of rclcpp: the later goes over', async () => {
      const all = scratch.path('all.yaml');
      const own = scratch.path('own.yaml');
      const launch = scratch.path('launch.yaml');
      writeFileSync(all, '/**:\n  ros__parameters:\n    threads: 1\n    top_k: 2\n');
      writeFileSync(
        own,
        'robot/classifier:\n  ros__parameters:\n    threads: 3\n    queue_size: 7\n    image_topics: [/a, /b]\n',
      );
      // As launch_ros writes what the launch file gives: under the full name, after the other files.
      writeFileSync(launch, '/robot/classifier:\n  ros__parameters:\n    queue_size: 8\n');
      const read = async (...rosArguments: string[]): Promise<(number | string[] | undefined)[]> => {
        node = new NodeProcess(env, ['-r', '__ns:=/robot', ...rosArguments]);
        peer = await RosPeer.start(env);
        await peer.nodeIsThere('/robot/classifier');
        const { values } = await peer.callParameters<{
          values: { integer_value: number; string_array_value: string[] }[];
        }>('/robot/classifier', 'GetParameters', {
          names: ['threads', 'top_k', 'queue_size', 'image_topics'],
        });
        await peer.close();
        await node.kill();
        return values.map((value, index) => (index === 3 ? value.string_array_value : value.integer_value));
      };
      const file = (path: string): string[] => ['--params-file', path];
      assert.deepEqual(await read(...file(all), ...file(own), ...file(launch)), [3, 2, 8, ['/a', '/b']]);
      assert.deepEqual(await read(...file(own), ...file(all)), [1, 2, 7, ['/a', '/b']]);
      assert.deepEqual(await read(...file(own), '-p', 'threads:=5', '-p', 'top_k:=4'), [
        5,
        4,
        7,
        ['/a', '/b'],
      ]);
    });

    function changeStates(): string {
      const script = packagePath('test', 'helpers', 'changeStatesByLaunch.py');
      const done = spawnSync('python3', [script, FILE, '/classifier'], {
        env,
        encoding: 'utf8',
        timeout: 180_000,
      });
      assert.equal(done.status, 0, done.stderr);
      return done.stdout;
    }

    it('autostarts it: configures and activates over its services', async () => {
      const model = await writeColourModel(scratch.path('colours'));
      node = new NodeProcess(env, ['-p', `model:=${model}`]);
      assert.equal(changeStates(), 'done\n');
      peer = await RosPeer.start(env);
      assert.equal(await peer.lifecycleState('/classifier'), 'active');
    });

    it('autostarts the next node after one was killed, which is still listed and answers nothing', async () => {
      const model = await writeColourModel(scratch.path('colours'));
      const killed = new NodeProcess(env, ['-p', `model:=${model}`]);
      const script = packagePath('test', 'helpers', 'changeStatesByLaunch.py');
      const starter = spawn('python3', [script, FILE, '/classifier', 'WAIT'], { env });
      const lines = createInterface(starter.stdout)[Symbol.asyncIterator]();
      assert.equal((await lines.next()).value, 'found');
      await killed.kill();
      starter.stdin.write('\n');
      node = new NodeProcess(env, ['-p', `model:=${model}`]);
      assert.equal((await lines.next()).value, 'done', node.output);
      peer = await RosPeer.start(env);
      assert.equal(await peer.lifecycleState('/classifier'), 'active');
    });

    it('leaves a node that cannot be configured as it is, and says so', async () => {
      node = new NodeProcess(env, ['-p', `model:=${scratch.path('nothing')}`]);
      assert.match(changeStates(), /^ERROR \/classifier refused to configure: see its log for the reason/);
      peer = await RosPeer.start(env);
      assert.equal(await peer.lifecycleState('/classifier'), 'unconfigured');
    });
  });

  describe('by ros2 launch, or by its double', () => {
    let isGenuine = false;

    before(function () {
      // Elsewhere than in the clone, whose folder launch Python would take for a package.
      const options = { env, cwd: tmpdir() };
      const done = spawnSync('python3', ['-c', 'import launch, launch_ros, ros2launch'], options);
      isGenuine = done.status === 0;
      if (!isGenuine) tellStandIn(this, `the recording double of launch: ${NO_LAUNCH}`);
    });

    it('takes every keyword that the recording double takes', function () {
      if (!isGenuine) leaveOut(this, NO_LAUNCH);
      const script = packagePath('test', 'helpers', 'compareLaunchDouble.py');
      const done = spawnSync('python3', [script], { env, encoding: 'utf8', timeout: 180_000 });
      assert.equal(done.stdout, 'agree\n', done.stderr);
    });

    it('ends with a node that dies at once', async () => {
      const program = isGenuine
        ? ['-c', 'import sys; from ros2cli.cli import main; sys.exit(main())', 'launch']
        : [packagePath('test', 'helpers', 'runLaunchDouble.py')];
      try {
        const child = spawn('python3', [...program, FILE, 'model:=/nowhere', 'log_level:=no_such_level'], {
          env,
          cwd: tmpdir(),
          stdio: 'ignore',
        });
        const limit = setTimeout(() => child.kill('SIGKILL'), 180_000);
        const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
        clearTimeout(limit);
        assert.equal(signal, null, 'it had to be killed');
      } finally {
      }
    });

    it('starts the node with its parameters and makes it active, and ends it with SIGINT', async () => {
      // The installed shape, with an executable that only tells what it was given, and answers change_state.
      const share = scratch.path('share', 'effvit');
      for (const name of ['launch', 'config'])
        cpSync(packagePath(name), `${share}/${name}`, { recursive: true });
      mkdirSync(scratch.path('lib', 'effvit'), { recursive: true });
      const executable = scratch.path('lib', 'effvit', 'classifier_node');
      writeFileSync(executable, STAND_IN);
      chmodSync(executable, 0o755);
      const program = isGenuine
        ? ['-c', 'import sys; from ros2cli.cli import main; sys.exit(main())', 'launch']
        : [packagePath('test', 'helpers', 'runLaunchDouble.py')];
      const given = ['image_topics:=/a,/b', 'namespace:=robot', 'threads:=3'];
      const child = spawn('python3', [...program, `${share}/launch/classifier.launch.py`, ...given], {
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (text: Buffer) => {
          output += text.toString();
        });
      }
      try {
        await waitFor(() => Promise.resolve(output.includes('transition 3')), 'activation').catch((cause) => {
          throw new Error(output, { cause });
        });
        assert.match(output, /"threads": 3/);
        assert.match(output, /"image_topics": \["\/a", "\/b"\]/);
        assert.match(output, /name \/robot\/classifier/);
        assert.ok(output.indexOf('transition 1') < output.indexOf('transition 3'));
      } finally {
        child.kill('SIGINT');
        const limit = setTimeout(() => child.kill('SIGKILL'), 180_000);
        await once(child, 'exit');
        clearTimeout(limit);
      }
      assert.match(output, /stand-in ends/);
    });
  });
});

const STAND_IN = `#!/usr/bin/env python3
import json, signal, sys
import rclpy
from lifecycle_msgs.srv import ChangeState, GetState
rclpy.init(args=sys.argv)
node = rclpy.create_node('unnamed', automatically_declare_parameters_from_overrides=True)
print('name', node.get_fully_qualified_name(), flush=True)
wanted = ['threads', 'image_topics']
print(json.dumps({name: node.get_parameter(name).value for name in wanted}), flush=True)
# Unconfigured, inactive, active are 1, 2, 3; configure is 1 and activate 3.
state = [1]
def change(request, response):
    print('transition', request.transition.id, flush=True)
    state[0] = {1: 2, 3: 3}[request.transition.id]
    response.success = True
    return response
def tell(request, response):
    response.current_state.id = state[0]
    return response
services = [node.create_service(ChangeState, '~/change_state', change), node.create_service(GetState, '~/get_state', tell)]
try:
    rclpy.spin(node)
except (KeyboardInterrupt, rclpy.executors.ExternalShutdownException):
    print('stand-in ends', flush=True)
`;
