import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';
import { findExecutable } from './findExecutable.mjs';
import { runCommand } from './runCommand.mjs';
import { SetupError } from './SetupError.mjs';

function checkTools(env) {
  for (const [tool, debian] of [
    ['cmake', 'cmake'],
    ['c++', 'g++'],
  ]) {
    if (findExecutable(tool, env) === undefined) {
      throw new SetupError(
        `${tool} was not found, and message types are compiled with it: install it (Debian, Ubuntu: apt install ${debian}).`,
      );
    }
  }
}

async function build({ name, source, messages, base, env, log }) {
  checkTools(env);
  const folder = join(messages, 'build', name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const failure = `The messages of ${name} could not be built`;
  const prefixes = [messages, ...(env.AMENT_PREFIX_PATH ?? '').split(delimiter)].filter(
    (path) => path !== '',
  );
  const options = [
    '-DCMAKE_BUILD_TYPE=Release',
    `-DCMAKE_INSTALL_PREFIX=${messages}`,
    `-DCMAKE_PREFIX_PATH=${prefixes.join(';')}`,
    '-DBUILD_TESTING=OFF',
    '-DEFFVIT_INTERFACES_ONLY=ON',
    ...(base === undefined ? [] : [`-DPython3_EXECUTABLE=${join(base, 'bin', 'python3')}`]),
  ];
  const generator = findExecutable('ninja', env) === undefined ? [] : ['-G', 'Ninja'];
  await runCommand('cmake', ['-S', source, '-B', folder, ...generator, ...options], { env, log, failure });
  await runCommand('cmake', ['--build', folder, '--parallel', String(availableParallelism())], {
    env,
    log,
    failure,
  });
  await runCommand('cmake', ['--install', folder], { env, log, failure });
  rmSync(join(messages, 'build'), { recursive: true, force: true });
}

/** Builds the interface packages into one prefix, each by its own CMakeLists.txt. */
export async function makeMessages(steps, { layout, env, log }) {
  for (const { name, source } of layout.interfaces) {
    await steps.run(layout.messages, name, `Messages of ${name}`, () =>
      build({ name, source, messages: layout.messages, base: layout.base, env, log }),
    );
  }
}

/** `lib/python3.X/site-packages` of the messages' prefix, where Python type support was built. */
export function messagesPythonPath(messages, pythonLib) {
  if (pythonLib === undefined) return undefined;
  const path = join(messages, 'lib', pythonLib, 'site-packages');
  return existsSync(path) ? path : undefined;
}
