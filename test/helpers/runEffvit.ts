import { spawn } from 'node:child_process';
import { packagePath } from '../../src/core/packageRoot.js';

/** How a run of the command ended. */
export interface EffvitRun {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface EffvitRunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Sent once standard output matches, to try what an interruption leaves behind. */
  readonly interruptAt?: RegExp;
  readonly interruptWith?: NodeJS.Signals;
  readonly cwd?: string;
  /** Instead of two minutes. */
  readonly limitMs?: number;
}

/** The longest that a run may take on a loaded machine before it counts as hanging. */
const LIMIT_MS = 120_000;

/** Runs `effvit` as a process of its own, as a user does. */
export function runEffvit(args: readonly string[], options: EffvitRunOptions = {}): Promise<EffvitRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [packagePath('bin', 'effvit.mjs'), ...args], {
      env: { ...process.env, NO_COLOR: '1', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.cwd !== undefined && { cwd: options.cwd }),
    });
    const { limitMs = LIMIT_MS } = options;
    const limit = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`effvit ${args.join(' ')} did not end within ${limitMs} ms.`));
    }, limitMs);
    let stdout = '';
    let stderr = '';
    let isInterrupted = false;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (isInterrupted || options.interruptAt?.test(stdout) !== true) return;
      isInterrupted = true;
      child.kill(options.interruptWith ?? 'SIGINT');
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      resolve({ code, signal, stdout, stderr });
    });
  });
}
