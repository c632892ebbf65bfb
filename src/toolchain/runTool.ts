import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { asEffvitError, EffvitError } from '../core/EffvitError.js';
import { packagePath } from '../core/packageRoot.js';
import { TemporaryFolder } from '../core/TemporaryFolder.js';
import { makeFolder } from '../core/writeFileAtomic.js';
import type { Toolchain } from './toolchainStatus.js';

export interface ToolRun {
  readonly toolchain: Toolchain;
  /** Arguments of Python. */
  readonly args: readonly string[];
  /** Name of the tool, as the start of error messages, e.g. `The compiler`. */
  readonly what: string;
  /** All output is appended to this file. */
  readonly logPath: string;
  readonly cwd?: string;
  /** Environment variables in addition to the toolchain's. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Time limit of the run. */
  readonly limitMs: number;
  /** Called with each line of stdout and stderr, without colours; also with each redrawn progress bar. */
  readonly onLine?: (line: string) => void;
}

/** Time between SIGTERM and SIGKILL. */
const GRACE_MS = 2000;
const LAST_LINES = 400;

/**
 * Runs Python with the vendor's packages in a separate process group, which has ended when this function returns or
 * throws.
 *
 * @returns the last lines of output.
 * @throws EffvitError TOOL_FAILED (one sentence with the tool's own reason and the log's path), TIMED_OUT, CANCELLED,
 *   IO_FAILED
 */
export async function runTool(run: ToolRun): Promise<readonly string[]> {
  const { toolchain, signal, logPath, limitMs, what } = run;
  if (signal?.aborted) throw new EffvitError('CANCELLED', `${what} was interrupted.`);
  await makeFolder(dirname(logPath));
  const log = createWriteStream(logPath, { flags: 'a' });
  let logError: unknown;
  log.on('error', (error) => {
    logError = error;
  });
  // The vendor's tools leave files behind; they are removed with this folder.
  const scratch = await TemporaryFolder.make();
  const child = spawn(toolchain.pythonPath, run.args, {
    cwd: run.cwd,
    env: toolEnvironment(toolchain, { TMPDIR: scratch.path, ...run.env }),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const lines: string[] = [];
  const onLine = (line: string): void => {
    lines.push(line);
    if (lines.length > LAST_LINES) lines.shift();
    run.onLine?.(line);
  };
  for (const stream of [child.stdout, child.stderr]) readLines(stream, log, onLine);
  const limit = AbortSignal.timeout(limitMs);
  const stop = AbortSignal.any(signal === undefined ? [limit] : [limit, signal]);
  const onStop = (): void => void endGroup(child);
  stop.addEventListener('abort', onStop);
  // It may have been cancelled while the folders were made, and then no event comes.
  if (stop.aborted) onStop();
  let ended: { code: number | null; signal: NodeJS.Signals | null };
  try {
    ended = await ending(child);
  } catch (error) {
    const { message: reason } = asEffvitError(error);
    throw new EffvitError('TOOL_FAILED', `${what} could not be started (${reason}).`, { cause: error });
  } finally {
    stop.removeEventListener('abort', onStop);
    // Also ends processes that the tool left running.
    killGroup(child, 'SIGKILL');
    await scratch.remove();
    log.end();
    await finished(log).catch(() => undefined);
  }
  if (signal?.aborted) throw new EffvitError('CANCELLED', `${what} was interrupted.`);
  const place = `see ${logPath}`;
  if (limit.aborted) {
    throw new EffvitError(
      'TIMED_OUT',
      `${what} did not end within ${Math.round(limitMs / 60_000)} minutes: ${place}.`,
    );
  }
  if (ended.code !== 0)
    throw new EffvitError('TOOL_FAILED', `${what} failed: ${reasonOf(ended, lines)} (${place}).`);
  if (logError !== undefined)
    throw asEffvitError(logError, 'IO_FAILED', `Cannot write ${logPath}`, { file: logPath });
  return lines;
}

/** Arguments of Python that run a console command of an installed package. */
export function consoleCommand(name: string, args: readonly string[]): string[] {
  return [packagePath('scripts', 'toolchain', 'run_tool.py'), name, ...args];
}

/** This process's environment, without variables that would make Python load other packages. */
export function toolEnvironment(
  toolchain: Toolchain,
  own: Readonly<Record<string, string>> = {},
): NodeJS.ProcessEnv {
  const { PYTHONPATH: _path, PYTHONHOME: _home, ...rest } = process.env;
  return {
    ...rest,
    // The tools start each other by name.
    PATH: `${dirname(toolchain.pythonPath)}${delimiter}${process.env['PATH'] ?? ''}`,
    PYTHONUNBUFFERED: '1',
    PYTHONNOUSERSITE: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    ...toolchain.env,
    ...own,
  };
}

async function ending(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  // Asked for at once, because it may come together with the exit.
  const closed = once(child, 'close').catch(() => undefined);
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  // Processes that it started may hold its output open; they are ended after this.
  await Promise.race([closed, sleep(GRACE_MS, undefined, { ref: false })]);
  return { code, signal };
}

async function endGroup(child: ChildProcess): Promise<void> {
  killGroup(child, 'SIGTERM');
  await sleep(GRACE_MS, undefined, { ref: false });
  if (child.exitCode === null && child.signalCode === null) killGroup(child, 'SIGKILL');
}

export function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The process has ended already.
  }
}

function readLines(stream: Readable, log: Writable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    log.write(text);
    const parts = stripVTControlCharacters(`${rest}${text}`).split(/[\r\n]+/);
    rest = (parts.pop() ?? '').slice(-65_536);
    for (const part of parts) if (part !== '') onLine(part);
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}

/** The reason of a failure from the output: the last exception, else the last line with ERROR, else the last line. */
export function reasonOf(
  ended: { readonly code: number | null; readonly signal: NodeJS.Signals | null },
  lines: readonly string[],
): string {
  if (ended.signal === 'SIGKILL') return 'it was killed (out of memory?)';
  if (ended.signal !== null) return `it was ended by ${ended.signal}`;
  const errors = lines
    .filter((line) => /\bERROR\b/.test(line))
    .map((line) => line.replace(/^.*?\bERROR\b:?\s*/, ''));
  const exceptions = lines.filter((line) => /^[A-Za-z_.]+(?:Error|Exception)\b/.test(line));
  const last = lines.filter((line) => line.trim() !== '').at(-1);
  const said = (exceptions.at(-1) ?? errors.at(-1) ?? last ?? `exit code ${ended.code}`)
    .replace(/\s+/g, ' ')
    .trim();
  return said
    .replace(/^[\s*]*ERROR[^,]*, error message:\s*/, '')
    .replace(/[.:]$/, '')
    .slice(0, 300);
}
