import { copyFileSync, cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { interfaceFiles } from './layout.mjs';
import { runCommand } from './runCommand.mjs';
import { SetupError } from './SetupError.mjs';
import { workshop } from './workshop.mjs';

/** rclnodejs's own script writes TypeScript declarations besides, which nobody here reads, and exits with 0 in any case. */
const GENERATE =
  "require('./rosidl_gen/index.cjs').generateAll(true).catch((e) => { console.error(e); process.exit(1); });";

/** An ament prefix of nothing but the definitions of our messages: all that the JavaScript classes are made from. */
function definitionsPrefix(interfaces, folder) {
  const index = join(folder, 'share', 'ament_index', 'resource_index', 'rosidl_interfaces');
  mkdirSync(index, { recursive: true });
  for (const { name, source } of interfaces) {
    const files = interfaceFiles(source);
    for (const file of files) cpSync(join(source, file), join(folder, 'share', name, file));
    writeFileSync(join(index, name), files.join('\n'));
  }
  return folder;
}

async function generate({ layout, env, log }) {
  const work = join(layout.javascript, 'work');
  const copy = workshop(layout.rclnodejs, work);
  const own = definitionsPrefix(layout.interfaces, join(work, 'definitions'));
  // The generator loads rclnodejs, which would start a build of its own where it finds no native part.
  mkdirSync(join(copy, 'build', 'Release'), { recursive: true });
  copyFileSync(join(layout.native, 'rclnodejs.node'), join(copy, 'build', 'Release', 'rclnodejs.node'));
  const failure = 'The JavaScript classes of the messages could not be generated';
  await runCommand(process.execPath, ['-e', GENERATE], {
    cwd: copy,
    env: { ...env, AMENT_PREFIX_PATH: `${own}${delimiter}${env.AMENT_PREFIX_PATH ?? ''}` },
    log,
    failure,
  });
  for (const name of ['std_msgs', ...layout.interfaces.map((one) => one.name)]) {
    if (!existsSync(join(copy, 'generated', name)))
      throw new SetupError(`${failure}: ${name} is missing.`, { log });
  }
  rmSync(join(layout.javascript, 'generated'), { recursive: true, force: true });
  renameSync(join(copy, 'generated'), join(layout.javascript, 'generated'));
  rmSync(work, { recursive: true, force: true });
}

/** Generates the classes that rclnodejs has for every message of the ROS and of ours, in the cache. */
export async function makeJavascript(steps, context) {
  const { javascript } = context.layout;
  await steps.run(javascript, 'generate', 'JavaScript classes of the messages', () => generate(context));
}
