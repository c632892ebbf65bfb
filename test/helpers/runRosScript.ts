import { spawn } from 'node:child_process';
import { packagePath } from '../../src/core/packageRoot.js';

export interface RosScriptRun {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const LIMIT_MS = 120_000;

/** Runs scripts/ros/NAME.mjs; `onOutput` sees standard output as it comes, and the process to send a signal to. */
export function runRosScript(
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  onOutput?: (stdout: string, kill: (signal: NodeJS.Signals) => void) => void,
): Promise<RosScriptRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [packagePath('scripts', 'ros', `${name}.mjs`), ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const limit = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${name}.mjs ${args.join(' ')} did not end within ${LIMIT_MS} ms.`));
    }, LIMIT_MS);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      onOutput?.(stdout, (signal) => child.kill(signal));
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
