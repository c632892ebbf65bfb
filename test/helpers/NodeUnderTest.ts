import assert from 'node:assert/strict';
import { writeColourModel } from './colourModel.js';
import { NodeProcess } from './NodeProcess.js';
import { RosPeer, waitFor } from './RosPeer.js';
import { rosTestEnvironment } from './rosTestEnvironment.js';
import { scratchFolder } from './scratchFolder.js';

/** vision_msgs/msg/Classification as the peer returns it. */
export interface Classification {
  readonly header: { stamp: { sec: number; nanosec: number }; frame_id: string };
  readonly results: { class_id: string; score: number }[];
}

/** diagnostic_msgs/msg/DiagnosticArray as the peer returns it. */
export interface Diagnostics {
  readonly status: {
    name: string;
    /** A byte, as base64. */
    level: string;
    message: string;
    values: { key: string; value: string }[];
  }[];
}

/** effvit/msg/PipelineStatistics as the peer returns it. */
export interface Statistics {
  readonly header: { stamp: { sec: number; nanosec: number } };
  readonly received: number;
  readonly published: number;
  readonly dropped: { cause: string; count: number }[];
  readonly in_flight: number;
  readonly missing: number;
  readonly superseded: number;
  readonly threads: number;
  readonly workers_serving: number;
  readonly window: { sec: number; nanosec: number };
  readonly stages: { name: string; count: number; p50_ms: number; p99_ms: number }[];
  readonly model: string;
  readonly backend: string;
  readonly is_simulated: boolean;
  readonly is_paused: boolean;
  /** From here on: state of the machine; null if unknown. */
  readonly bpu_load_percent: number | null;
  readonly bpu_frequency_mhz: number | null;
  readonly ddr_frequency_mhz: number | null;
  readonly cpu_frequency_mhz: number | null;
  readonly temperature_celsius: number | null;
  readonly temperatures: { sensor: string; celsius: number }[];
  readonly memory_mib: number;
}

const LEVELS = ['OK', 'WARN', 'ERROR', 'STALE'] as const;

/** What the messages say of one task, oldest first, each as `LEVEL message`. */
export function statusesOf(arrays: readonly Diagnostics[], task: string): string[] {
  return arrays
    .flatMap(({ status }) => status.filter(({ name }) => name === `classifier: ${task}`))
    .map(({ level, message }) => `${LEVELS[Buffer.from(level, 'base64')[0] ?? 0]} ${message}`);
}

/**
 * For a camera whose frames are sent one by one: none is lost, though the camera is matched before the node's
 * subscription is.
 */
export function reliable(topic = '/image'): string[] {
  return ['-p', `qos_overrides.${topic}.subscription.reliability:=reliable`];
}

/** The time limits of the node, of which none passes because a machine is slow; a test may give its own. */
const PATIENCE = [
  ...['-p', 'order_timeout_ms:=60000.0', '-p', 'inference_timeout_ms:=60000.0'],
  ...['-p', 'diagnostics.stale_after_ms:=60000.0'],
];

/** A classifier node with the colour model and a peer that talks to it; each test has its own two processes. */
export class NodeUnderTest {
  static readonly NAME = '/classifier';
  readonly #path: (...segments: string[]) => string;
  #env: NodeJS.ProcessEnv = {};
  #node: NodeProcess | undefined;
  readonly #peers: RosPeer[] = [];

  /** Registers the hooks of the suite that calls it. */
  constructor() {
    const scratch = scratchFolder();
    this.#path = (...segments) => scratch.path(...segments);
    const begin = async (context: Mocha.Context): Promise<void> => {
      this.#env = await rosTestEnvironment(context);
    };
    before(async function () {
      await begin(this);
    });
    afterEach(async () => {
      await Promise.all(this.#peers.splice(0).map((peer) => peer.close()));
      // A killed process leaves its segment of shared memory behind.
      await this.#node?.end();
      this.#node = undefined;
    });
  }

  get env(): NodeJS.ProcessEnv {
    return this.#env;
  }

  /** What the node has printed. */
  get output(): string {
    return this.#node?.output ?? '';
  }

  get node(): NodeProcess {
    assert.ok(this.#node !== undefined, 'start comes first');
    return this.#node;
  }

  /** A path in the test's scratch folder; the model is in `colours`. */
  path(...segments: string[]): string {
    return this.#path(...segments);
  }

  async startNode(...rosArguments: readonly string[]): Promise<void> {
    const model = await writeColourModel(this.path('colours'));
    // Tests compare class names, not indices.
    const own = ['-p', `model:=${model}`, '-p', 'class_id_format:=label', ...PATIENCE];
    this.#node = new NodeProcess(this.#env, [...own, ...rosArguments]);
  }

  async startPeer(): Promise<RosPeer> {
    const peer = await RosPeer.start(this.#env);
    this.#peers.push(peer);
    return peer;
  }

  /** @returns the peer. */
  async start(...rosArguments: readonly string[]): Promise<RosPeer> {
    await this.startNode(...rosArguments);
    return await this.startPeer();
  }

  async activate(user: RosPeer): Promise<void> {
    assert.equal(await user.transition(NodeUnderTest.NAME, 'configure'), true, this.output);
    assert.equal(await user.transition(NodeUnderTest.NAME, 'activate'), true, this.output);
  }

  /** Starts an active node and a peer that is subscribed to its results. */
  async startActive(...rosArguments: readonly string[]): Promise<RosPeer> {
    const user = await this.start(...rosArguments);
    await this.activate(user);
    await user.ask({ op: 'subscribe', topic: '/classification', type: 'vision_msgs/msg/Classification' });
    await user.match('/classification');
    return user;
  }

  /** Waits for at least `count` messages. */
  async takeAll<Message>(user: RosPeer, topic: string, count: number): Promise<Message[]> {
    const all: Message[] = [];
    try {
      await waitFor(async () => {
        all.push(...(await user.ask<Message[]>({ op: 'take', topic })));
        return all.length >= count;
      }, `${count} messages on ${topic}`);
    } catch (error) {
      throw new Error(`${all.length} messages came; the node said: ${this.output}`, { cause: error });
    }
    return all;
  }

  /** Waits until one task's diagnostics, as `LEVEL message`, match; those that came since the last look count, too. */
  async diagnosed(user: RosPeer, task: string, expected: RegExp): Promise<void> {
    let last: string | undefined;
    await waitFor(async () => {
      const statuses = statusesOf(await user.ask<Diagnostics[]>({ op: 'take', topic: '/diagnostics' }), task);
      last = statuses.at(-1) ?? last;
      return statuses.some((status) => expected.test(status));
    }, `diagnostics ${expected}`).catch((error: unknown) => {
      throw new Error(`The last status of ${task} was ${last}`, { cause: error });
    });
  }
}
