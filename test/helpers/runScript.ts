import { spawn } from 'node:child_process';
import { packagePath } from '../../src/core/packageRoot.js';

/** How a run ended. */
export interface ScriptRun {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ScriptOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string | undefined;
  /** Instead of 200 s. */
  readonly limitMs?: number | undefined;
  /** Sees all of standard output each time that some comes, and the process to send a signal to. */
  readonly onOutput?: ((stdout: string, kill: (signal: NodeJS.Signals) => void) => void) | undefined;
  /** The same for standard error, where notes and progress are. */
  readonly onNotes?: ((stderr: string, kill: (signal: NodeJS.Signals) => void) => void) | undefined;
}

/** The longest that a run may take on a loaded machine before it counts as hanging. */
const LIMIT_MS = 200_000;

/** Runs a script of this package, named from its root, as a process of its own. */
export function runScript(
  script: string,
  args: readonly string[],
  { env, cwd, limitMs = LIMIT_MS, onOutput, onNotes }: ScriptOptions,
): Promise<ScriptRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [packagePath(script), ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd !== undefined && { cwd }),
    });
    const limit = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${script} ${args.join(' ')} did not end within ${limitMs} ms.`));
    }, limitMs);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      onOutput?.(stdout, (signal) => child.kill(signal));
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      onNotes?.(stderr, (signal) => child.kill(signal));
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      resolve({ code, signal, stdout, stderr });
    });
  });
}
