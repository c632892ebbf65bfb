import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { packagePath } from '../../src/core/packageRoot.js';
import { tellOnFailure } from './tellOnFailure.js';
import { commandOn } from './twoHosts.js';

/** The classifier node in a separate process. */
export class NodeProcess {
  readonly #child: ChildProcess;
  #output = '';

  /**
   * @param rosArguments behind --ros-args, e.g. `-p`, `threads:=2`
   * @param executable of an installed node; without it that of this clone
   * @param host a network namespace to run in
   */
  constructor(env: NodeJS.ProcessEnv, rosArguments: readonly string[], executable?: string, host?: string) {
    const program = executable === undefined ? [packagePath('bin', 'effvit.cjs'), 'node'] : [];
    const args = [...program, '--ros-args', ...rosArguments];
    const [command, ...rest] = commandOn(host, [executable ?? process.execPath, ...args]);
    this.#child = spawn(command, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.#output += text.toString();
      });
    }
    tellOnFailure(`node ${this.pid}`, () => this.#output);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The signal that ended it. */
  get signalCode(): NodeJS.Signals | null {
    return this.#child.signalCode;
  }

  get output(): string {
    return this.#output;
  }

  /** Sends a signal if it still runs. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends a signal and gives the exit code; a process that hangs is killed after a minute and gives null. */
  async end(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    const ended = this.ended();
    this.#child.kill(signal);
    return await ended;
  }

  /** Waits until it ends by itself and gives the exit code; null where it had to be killed after a minute. */
  async ended(): Promise<number | null> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), 60_000);
    await once(this.#child, 'exit');
    clearTimeout(limit);
    return this.#child.exitCode;
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }
}
