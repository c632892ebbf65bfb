import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { packagePath } from '../../src/core/packageRoot.js';
import { tellOnFailure } from './tellOnFailure.js';
import { commandOn } from './twoHosts.js';

/** Only a fault comes near it, on a machine that is many times slower, too. */
const WAIT_LIMIT_MS = 120_000;

export type ParameterScalar = string | number | boolean;

/** rcl_interfaces/msg/SetParametersResult as the peer returns it. */
export interface SetResult {
  readonly successful: boolean;
  readonly reason: string;
}

/** rcl_interfaces/msg/ParameterValue of a number, a text or a truth value. */
function parameterValue(value: ParameterScalar, type: 'auto' | 'double' = 'auto'): object {
  if (typeof value === 'boolean') return { type: 1, bool_value: value };
  if (typeof value === 'string') return { type: 4, string_value: value };
  if (type === 'double' || !Number.isInteger(value)) return { type: 3, double_value: value };
  return { type: 2, integer_value: value };
}

/** An rclpy node in a separate process; see rosPeer.py. */
export class RosPeer {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: Interface;
  readonly #answers: ((line: string) => void)[] = [];
  #stderr = '';
  /** By topic: how many messages were taken, and the last of them. */
  readonly #taken = new Map<string, { readonly count: number; readonly last: unknown }>();

  private constructor(env: NodeJS.ProcessEnv, host?: string) {
    const script = packagePath('test', 'helpers', 'rosPeer.py');
    const [command, ...args] = commandOn(host, ['python3', script]);
    this.#child = spawn(command, args, { env });
    this.#lines = createInterface(this.#child.stdout);
    this.#lines.on('line', (line) => this.#answers.shift()?.(line));
    // A killed peer is reported by its pending answers.
    this.#child.stdin.on('error', () => undefined);
    this.#child.stderr.on('data', (text: Buffer) => {
      this.#stderr += text.toString();
    });
    this.#child.on('exit', () => {
      for (const answer of this.#answers.splice(0))
        answer(JSON.stringify({ error: `peer ended: ${this.#stderr}` }));
    });
    tellOnFailure(`peer ${this.#child.pid}`, () => this.#heard());
  }

  /** @param host a network namespace to run in. */
  static async start(env: NodeJS.ProcessEnv, host?: string): Promise<RosPeer> {
    const peer = new RosPeer(env, host);
    await peer.#answer();
    return peer;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.stdin.end();
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await once(this.#child, 'exit');
    clearTimeout(limit);
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.close();
  }

  async ask<Answer>(request: object): Promise<Answer> {
    const answering = this.#answer();
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const answer = await answering;
    if ('topic' in request && 'op' in request && request.op === 'take') this.#note(request.topic, answer);
    return answer as Answer;
  }

  #note(topic: unknown, messages: unknown): void {
    const known = this.#taken.get(String(topic)) ?? { count: 0, last: undefined };
    if (!Array.isArray(messages)) return;
    this.#taken.set(String(topic), {
      count: known.count + messages.length,
      last: messages.at(-1) ?? known.last,
    });
  }

  /** What it heard, for a test that failed. */
  #heard(): string {
    const lines = [...this.#taken].map(
      ([topic, { count, last }]) => `${count} of ${topic}, the last: ${JSON.stringify(last)?.slice(0, 2500)}`,
    );
    return [...lines, this.#stderr].join('\n');
  }

  async #answer(): Promise<unknown> {
    const line = await new Promise<string>((resolve) => this.#answers.push(resolve));
    const answer = JSON.parse(line) as { ok?: unknown; error?: string };
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.ok;
  }

  /** Asks for a transition by its label, as `ros2 lifecycle set` does. */
  async transition(node: string, label: string): Promise<boolean> {
    const { success } = await this.ask<{ success: boolean }>({
      op: 'call',
      service: `${node}/change_state`,
      type: 'lifecycle_msgs/srv/ChangeState',
      request: { transition: { id: 0, label } },
    });
    return success;
  }

  async lifecycleState(node: string, limitS = 90): Promise<string> {
    const { current_state } = await this.ask<{ current_state: { label: string } }>({
      op: 'call',
      service: `${node}/get_state`,
      type: 'lifecycle_msgs/srv/GetState',
      request: {},
      limit_s: limitS,
    });
    return current_state.label;
  }

  /** Waits for a node that was started, also where one of the same name was killed before. */
  async nodeIsThere(node: string): Promise<void> {
    await waitFor(async () => (await this.lifecycleState(node, 2).catch(() => '')) !== '', node);
  }

  /** Calls one of a node's services for parameters, e.g. `ListParameters` at list_parameters. */
  async callParameters<Answer>(node: string, type: string, request: object): Promise<Answer> {
    const name = type.replace(/(?<!^)[A-Z]/g, '_$&').toLowerCase();
    return await this.ask<Answer>({
      op: 'call',
      service: `${node}/${name}`,
      type: `rcl_interfaces/srv/${type}`,
      request,
    });
  }

  /** Sets one parameter, as `ros2 param set` does. */
  async setParameter(
    node: string,
    name: string,
    value: ParameterScalar,
    type: 'auto' | 'double' = 'auto',
  ): Promise<SetResult> {
    return await this.setParameterValue(node, name, parameterValue(value, type));
  }

  /** @param value rcl_interfaces/msg/ParameterValue, of any type. */
  async setParameterValue(node: string, name: string, value: object): Promise<SetResult> {
    const request = { parameters: [{ name, value }] };
    const { results } = await this.callParameters<{ results: SetResult[] }>(node, 'SetParameters', request);
    return results[0] ?? { successful: false, reason: 'no result' };
  }

  async setAtomically(node: string, values: Readonly<Record<string, ParameterScalar>>): Promise<SetResult> {
    const parameters = Object.entries(values).map(([name, value]) => ({
      name,
      value: parameterValue(value),
    }));
    const { result } = await this.callParameters<{ result: SetResult }>(node, 'SetParametersAtomically', {
      parameters,
    });
    return result;
  }

  /** Waits until the peer's endpoint on this topic is matched with at least one other. */
  async match(topic: string): Promise<void> {
    await waitFor(async () => (await this.ask<number>({ op: 'matched', topic })) > 0, `a match on ${topic}`);
  }
}

/** Polls until `condition` holds; discovery takes from 0.02 to 1.6 s, so a fixed time would be wrong. */
export async function waitFor(condition: () => Promise<boolean>, what: string): Promise<void> {
  const endMs = performance.now() + WAIT_LIMIT_MS;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`Waited ${WAIT_LIMIT_MS} ms in vain for ${what}.`);
    await delay(50);
  }
}
