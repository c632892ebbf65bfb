import { EffvitError } from '../../src/core/EffvitError.js';
import type { RawImageFrame } from '../../src/image/ImageFrame.js';
import type { ModuleBackendSpec } from '../../src/inference/BackendSpec.js';
import type {
  InferenceBackend,
  InferenceResult,
  LoadedModelInfo,
} from '../../src/inference/InferenceBackend.js';
import { monotonicNs } from '../../src/stats/monotonicNs.js';

// A backend for tests that does what the frame tells it to: the first bytes of its NV12 are the script. It is a
// module of its own, so that the pool's worker threads load it by its URL like any user's backend.

/** Side of the frames: NV12 of this size passes through the preprocessing untouched. */
export const SIDE_PX = 16;
export const CLASS_COUNT = 4;

export const ACTIONS = ['work', 'throw', 'die', 'exit', 'crash', 'hang', 'nan'] as const;

/**
 * `work`: give the frame's number. `throw`: fail with INFERENCE_FAILED. `die`: fail with WORKER_DIED. `exit`: end the
 * thread. `crash`: an exception nobody catches. `hang`: block the thread until the gate opens. `nan`: a NaN score.
 */
export type Action = (typeof ACTIONS)[number];

export interface ScriptedOptions {
  /** [0]: 1 lets hanging runs go on; [1]: loads fail while it is not 0; [2]: loads that were begun; [3]: hang loads. */
  readonly gate: SharedArrayBuffer;
  /** How often each frame number was run. */
  readonly runs: SharedArrayBuffer;
  readonly widthPx?: number;
  /** Added to the first logit: tells models apart. */
  readonly offset?: number;
}

const MOST_FRAMES = 65_536;

export class ScriptedModel {
  readonly options: ScriptedOptions;
  readonly #gate: Int32Array;
  readonly #runs: Int32Array;

  constructor(further: { readonly widthPx?: number; readonly offset?: number } = {}) {
    const gate = new SharedArrayBuffer(16);
    const runs = new SharedArrayBuffer(4 * MOST_FRAMES);
    this.options = { gate, runs, ...further };
    this.#gate = new Int32Array(gate);
    this.#runs = new Int32Array(runs);
  }

  get spec(): ModuleBackendSpec {
    return { kind: 'module', moduleUrl: import.meta.url, options: this.options };
  }

  /** The spec of another model that counts and hangs together with this one. */
  variant(further: { readonly widthPx?: number; readonly offset?: number }): ModuleBackendSpec {
    return { ...this.spec, options: { ...this.options, ...further } };
  }

  runsOf(number: number): number {
    return Atomics.load(this.#runs, number);
  }

  get loads(): number {
    return Atomics.load(this.#gate, 2);
  }

  release(): void {
    Atomics.store(this.#gate, 0, 1);
    Atomics.notify(this.#gate, 0);
  }

  failLoads(isFailing: boolean): void {
    Atomics.store(this.#gate, 1, isFailing ? 1 : 0);
  }

  hangLoads(isHanging: boolean): void {
    Atomics.store(this.#gate, 3, isHanging ? 1 : 0);
    Atomics.notify(this.#gate, 3);
  }
}

/** A frame that makes the scripted backend act, after `serviceMs` (0 to 255) of work. */
export function scriptedFrame(
  number: number,
  action: Action = 'work',
  { source = '/camera', serviceMs = 0, stampSec = 1 } = {},
): RawImageFrame {
  const data = new Uint8Array((SIDE_PX * SIDE_PX * 3) / 2);
  data[0] = ACTIONS.indexOf(action);
  data[1] = serviceMs;
  new DataView(data.buffer).setUint32(4, number);
  return {
    kind: 'raw',
    stamp: { sec: stampSec, nanosec: number },
    frameId: 'optical',
    source,
    encoding: 'nv12',
    widthPx: SIDE_PX,
    heightPx: SIDE_PX,
    strideBytes: SIDE_PX,
    isBigEndian: false,
    data,
  };
}

class ScriptedBackend implements InferenceBackend {
  readonly #options: ScriptedOptions;
  readonly #gate: Int32Array;
  readonly #runs: Int32Array;
  readonly #pause = new Int32Array(new SharedArrayBuffer(4));

  constructor(options: ScriptedOptions) {
    this.#options = options;
    this.#gate = new Int32Array(options.gate);
    this.#runs = new Int32Array(options.runs);
  }

  async load(): Promise<LoadedModelInfo> {
    Atomics.add(this.#gate, 2, 1);
    Atomics.wait(this.#gate, 3, 1);
    if (Atomics.load(this.#gate, 1) !== 0) {
      throw new EffvitError('BAD_MODEL', 'The scripted model does not load.');
    }
    return {
      backend: 'onnx',
      isSimulated: true,
      inputWidthPx: this.#options.widthPx ?? SIDE_PX,
      inputHeightPx: SIDE_PX,
      classCount: CLASS_COUNT,
      runtime: 'scripted',
    };
  }

  async run(nv12: Uint8Array): Promise<InferenceResult> {
    const beganNs = monotonicNs();
    const number = new DataView(nv12.buffer, nv12.byteOffset).getUint32(4) % MOST_FRAMES;
    Atomics.add(this.#runs, number, 1);
    const serviceMs = nv12[1] ?? 0;
    if (serviceMs > 0) Atomics.wait(this.#pause, 0, 0, serviceMs);
    const action = ACTIONS[nv12[0] ?? 0] ?? 'work';
    await this.#act(action);
    const last = action === 'nan' ? Number.NaN : 3;
    const logits = Float32Array.of(number + (this.#options.offset ?? 0), 1, 2, last);
    return { logits, inputNs: 0, inferenceNs: monotonicNs() - beganNs };
  }

  async #act(action: Action): Promise<void> {
    switch (action) {
      case 'work':
      case 'nan':
        break;
      case 'throw':
        throw new EffvitError('INFERENCE_FAILED', 'The scripted run fails.');
      case 'die':
        throw new EffvitError('WORKER_DIED', 'The scripted backend is of no more use.');
      case 'exit':
        process.exit(3);
        break;
      case 'crash':
        await new Promise(() => {
          setImmediate(() => {
            throw new Error('scripted crash');
          });
        });
        break;
      case 'hang':
        Atomics.wait(this.#gate, 0, 0);
        break;
    }
  }

  async dispose(): Promise<void> {}
}

export function createBackend(options: ScriptedOptions): InferenceBackend {
  return new ScriptedBackend(options);
}
