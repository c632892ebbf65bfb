import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EffvitError } from '../core/EffvitError.js';

const execute = promisify(execFile);

/** Time limit for a Python to report its version. */
const PROBE_LIMIT_MS = 20_000;

const PROBE =
  'import importlib.util as u, platform, sys; print(platform.python_implementation(), "%d.%d" % sys.version_info[:2], platform.machine(), int(all(u.find_spec(n) for n in ("venv", "ensurepip"))))';

/**
 * Finds a CPython 3.10 that can create virtual environments: only `$EFFVIT_PYTHON310` if it is set, else python3.10 on
 * PATH, then those of pyenv and uv.
 *
 * @returns undefined if there is none
 * @throws EffvitError BAD_ARGUMENT if EFFVIT_PYTHON310 names something else
 */
export async function findPython310(env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const own = env['EFFVIT_PYTHON310'];
  if (own !== undefined && own !== '') {
    const answer = await probe(own, env);
    if (answer === FITTING) return own;
    throw new EffvitError(
      'BAD_ARGUMENT',
      `EFFVIT_PYTHON310 names ${own}, which ${answer === undefined ? 'does not run' : `is ${described(answer)}`}: name a CPython 3.10 with its venv module, or unset it.`,
      { context: { file: own } },
    );
  }
  for (const candidate of ['python3.10', ...(await managedPythons(env))]) {
    if ((await probe(candidate, env)) === FITTING) return candidate;
  }
  return undefined;
}

/** The answer of a suitable Python to {@link PROBE}. */
const FITTING = 'CPython 3.10 x86_64 1';

function described(answer: string): string {
  const [implementation, version, machine, canVenv] = answer.split(' ');
  return `${implementation} ${version} for ${machine}${canVenv === '1' ? '' : ' without venv (Debian, Ubuntu: apt install python3.10-venv)'}`;
}

async function probe(command: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    const { stdout } = await execute(command, ['-c', PROBE], { env, timeout: PROBE_LIMIT_MS });
    return stdout.trim();
  } catch {
    return undefined;
  }
}

/** The Pythons of pyenv and uv; a pyenv shim on PATH runs only the selected version. */
async function managedPythons(env: NodeJS.ProcessEnv): Promise<string[]> {
  const home = env['HOME'] ?? homedir();
  const folders = [
    join(env['PYENV_ROOT'] ?? join(home, '.pyenv'), 'versions'),
    join(env['XDG_DATA_HOME'] ?? join(home, '.local', 'share'), 'uv', 'python'),
  ];
  const found: string[] = [];
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter((one) => /(?:^|-)3\.10\b/.test(one)).sort()) {
      found.push(join(folder, name, 'bin', 'python3.10'));
    }
  }
  return found;
}
