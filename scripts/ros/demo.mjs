// npm run ros:demo [-- --model MODEL]: plays the bundled recording to the node, and prints /classification as another
// node receives it. The node is started by ros2 launch where that can be imported, else directly. Ends by itself.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { rosEnvironment } from './environment.mjs';
import { packageRoot } from './layout.mjs';
import { SetupError } from './SetupError.mjs';

const CAMERA = '/front_camera/image_raw';
const NODE = '/classifier';

const at = (...path) => join(packageRoot, ...path);

function settings() {
  const { values } = parseArgs({
    options: { model: { type: 'string' }, bag: { type: 'string', default: at('bags', 'signs_drive') } },
  });
  if (!existsSync(values.bag))
    throw new SetupError(`There is no recording ${values.bag}: name one with --bag.`);
  if (!existsSync(at('build', 'src', 'cli', 'main.js')))
    throw new SetupError('effvit is not compiled: run npm run build first.');
  const ros = rosEnvironment();
  if (ros.missing !== undefined)
    throw new SetupError(`ROS is not set up (${ros.missing}): run npm run ros:setup first.`);
  // Alone on this machine, so that no robot hears the recording; and large images need the profile on both sides.
  const env = {
    ROS_AUTOMATIC_DISCOVERY_RANGE: 'LOCALHOST',
    ROS_DOMAIN_ID: String(1 + (process.pid % 100)),
    FASTRTPS_DEFAULT_PROFILES_FILE: at('config', 'fastdds.xml'),
    FASTDDS_DEFAULT_PROFILES_FILE: at('config', 'fastdds.xml'),
    ...ros.env,
  };
  return { ...values, env };
}

function hasLaunch(env) {
  const script = 'import launch, launch_ros, ros2launch, ros2cli';
  return spawnSync('python3', ['-c', script], { env, stdio: 'ignore' }).status === 0;
}

function startNode({ env, model }, isLaunched) {
  if (isLaunched) {
    const args = ['launch', 'effvit', 'classifier.launch.py', `image_topics:=${CAMERA}`];
    if (model !== undefined) args.push(`model:=${model}`);
    return spawn('ros2', [...args, 'image_transport:=compressed'], {
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  }
  const args = ['--ros-args', '-p', `image_topics:=["${CAMERA}"]`, '-p', 'image_transport:=compressed'];
  if (model !== undefined) args.push('-p', `model:=${model}`);
  return spawn(at('bin', 'classifier_node'), args, { env, stdio: ['ignore', 'inherit', 'inherit'] });
}

/** Ends a child, politely first; gives its exit code. */
async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const limit = setTimeout(() => child.kill('SIGKILL'), 20_000);
  child.kill('SIGINT');
  await once(child, 'exit');
  clearTimeout(limit);
  return child.exitCode;
}

async function demo(options) {
  const { env, bag } = options;
  const isLaunched = hasLaunch(env);
  process.stdout.write(
    isLaunched ? 'Starting by ros2 launch.\n' : 'ros2 launch is not here: starting the node itself.\n',
  );
  const node = startNode(options, isLaunched);
  const listener = spawn(
    'python3',
    [at('scripts', 'ros', 'demo_listener.py'), NODE, ...(isLaunched ? [] : ['--start'])],
    { env, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  listener.stdin.on('error', () => undefined);
  const children = [node, listener];
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => children.map((child) => child.kill(signal)));
  try {
    const isReady = new Promise((resolve) => {
      createInterface(listener.stdout).on('line', (line) => {
        if (line === 'READY') resolve(true);
        else process.stdout.write(`${line}\n`);
      });
      listener.once('exit', () => resolve(false));
      node.once('exit', () => resolve(false));
    });
    if (!(await isReady)) throw new SetupError('The node did not start: its own message above says why.');
    const args = [at('bin', 'effvit.cjs'), 'play', bag, '--topic', `${CAMERA}/compressed`];
    const player = spawn(process.execPath, args, { env, stdio: 'inherit' });
    children.push(player);
    await once(player, 'exit');
    listener.stdin.end();
    const [code] = listener.exitCode === null ? await once(listener, 'exit') : [listener.exitCode];
    return code === 0 && player.exitCode === 0 ? 0 : 1;
  } finally {
    await Promise.all(children.map(end));
  }
}

try {
  process.exitCode = await demo(settings());
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`effvit: ${error.message}\n`);
  process.exitCode = 1;
}
