import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { packagePath } from '../../src/core/packageRoot.js';

/** Starting three nodes takes some seconds, on a loaded machine many. */
const START_LIMIT_MS = 300_000;
const END_LIMIT_MS = 60_000;

/** A local Ray cluster of two nodes that work, each on one task at a time. */
export class RayCluster {
  readonly address: string;
  /** Process ids: who kills one of these has taken a machine off the cluster. */
  readonly raylets: readonly number[];
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string, told: { address: string; raylets: number[] }) {
    this.#child = child;
    this.#folder = folder;
    this.address = told.address;
    this.raylets = told.raylets;
  }

  /** @param python one that has Ray. */
  static async start(python: string): Promise<RayCluster> {
    // Short: the names of sockets in it may have 107 characters.
    const folder = mkdtempSync('/tmp/ray-');
    const child = spawn(python, [packagePath('test', 'helpers', 'rayCluster.py'), folder], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let notes = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      notes += text;
    });
    const limit = setTimeout(() => child.kill('SIGKILL'), START_LIMIT_MS);
    for await (const line of createInterface(child.stdout)) {
      if (!line.startsWith('{')) continue;
      clearTimeout(limit);
      return new RayCluster(child, folder, JSON.parse(line) as { address: string; raylets: number[] });
    }
    throw new Error(`The Ray cluster did not start:\n${notes.slice(-4000)}`);
  }

  /** The process that works on a task on a node now. */
  static workerOf(raylet: number): number | undefined {
    for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
      try {
        const parent = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1]);
        const title = readFileSync(`/proc/${name}/cmdline`, 'utf8');
        if (parent === raylet && title.startsWith('ray::replay')) return Number(name);
      } catch {
        // It ended meanwhile.
      }
    }
    return undefined;
  }

  async close(): Promise<void> {
    const ended = once(this.#child, 'exit');
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), END_LIMIT_MS);
    this.#child.stdin?.end();
    if (this.#child.exitCode === null && this.#child.signalCode === null) await ended;
    clearTimeout(limit);
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
