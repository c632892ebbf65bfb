import { EffvitError } from '../../src/core/EffvitError.js';
import type { RawImageFrame } from '../../src/image/ImageFrame.js';
import type { ModuleBackendSpec } from '../../src/inference/BackendSpec.js';
import type {
  BatchInference,
  BatchResult,
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
  /** Frames that one task takes; absent: one. */
  readonly batchSizes?: readonly number[];
}

type FurtherOptions = Omit<Partial<ScriptedOptions>, 'gate' | 'runs'>;

const MOST_FRAMES = 65_536;

export class ScriptedModel {
  readonly options: ScriptedOptions;
  readonly #gate: Int32Array;
  readonly #runs: Int32Array;

  constructor(further: FurtherOptions = {}) {
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
  variant(further: FurtherOptions): ModuleBackendSpec {
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

/** What one region of a {@link tiledFrame} tells the backend to do. */
export interface Tile {
  readonly number: number;
  readonly action?: Action;
  readonly serviceMs?: number;
}

/** A frame of tiles beside one another, each the script of its own: as large as the backend's input, it is not resized. */
export function tiledFrame(tiles: readonly Tile[], { source = '/camera', stampSec = 1 } = {}): RawImageFrame {
  const widthPx = SIDE_PX * Math.max(1, tiles.length);
  const data = new Uint8Array((widthPx * SIDE_PX * 3) / 2);
  for (const [index, { number, action, serviceMs = 0 }] of tiles.entries()) {
    const tile = scriptedFrame(number, action, { serviceMs }).data;
    // The script lies in the first row.
    data.set(tile.subarray(0, SIDE_PX), SIDE_PX * index);
  }
  const { nanosec } = scriptedFrame(tiles[0]?.number ?? 0).stamp;
  return {
    ...scriptedFrame(0, 'work', { source, stampSec }),
    stamp: { sec: stampSec, nanosec },
    widthPx,
    strideBytes: widthPx,
    data,
  };
}

/** Where a tile lies in its frame. */
export function tileRegion(index: number) {
  return { leftPx: SIDE_PX * index, topPx: 0, widthPx: SIDE_PX, heightPx: SIDE_PX };
}

class ScriptedBackend implements InferenceBackend {
  readonly #options: ScriptedOptions;
  readonly #gate: Int32Array;
  readonly #runs: Int32Array;
  readonly #pause = new Int32Array(new SharedArrayBuffer(4));
  readonly batch: BatchInference | undefined;
  readonly #places: Uint8Array[] = [];

  constructor(options: ScriptedOptions) {
    this.#options = options;
    if (options.batchSizes !== undefined) {
      this.batch = {
        write: (place, nv12) => this.#write(place, nv12),
        run: async (firstPlace, count) => await this.#runBatch(firstPlace, count),
      };
    }
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
      ...(this.#options.batchSizes !== undefined && { batchSizes: this.#options.batchSizes }),
    };
  }

  async run(nv12: Uint8Array): Promise<InferenceResult> {
    const { logits, inferenceNs } = await this.#runTask([nv12]);
    return { logits: logits[0] ?? new Float32Array(0), inputNs: 0, inferenceNs };
  }

  #write(place: number, nv12: Uint8Array): void {
    if (place < 0 || place >= Math.max(...(this.#options.batchSizes ?? [1])))
      throw new RangeError(`place ${place}`);
    this.#places[place] = nv12.slice();
  }

  async #runBatch(firstPlace: number, count: number) {
    const frames = this.#places.slice(firstPlace, firstPlace + count);
    if (frames.length !== count) throw new RangeError(`${count} frames from place ${firstPlace}`);
    // One task throws for the whole of it, as the BPU's does.
    const isThrowing = frames.some((nv12) => actionOf(nv12) === 'throw');
    if (isThrowing && count > 1) throw new EffvitError('INFERENCE_FAILED', 'The scripted task fails.');
    return await this.#runTask(frames);
  }

  /** The frames of one task: as slow as the slowest. */
  async #runTask(frames: readonly Uint8Array[]): Promise<BatchResult> {
    const startNs = monotonicNs();
    for (const nv12 of frames) Atomics.add(this.#runs, numberOf(nv12), 1);
    const serviceMs = Math.max(...frames.map((nv12) => nv12[1] ?? 0));
    if (serviceMs > 0) Atomics.wait(this.#pause, 0, 0, serviceMs);
    for (const nv12 of frames) await this.#act(actionOf(nv12));
    const logits = frames.map((nv12) => {
      const last = actionOf(nv12) === 'nan' ? Number.NaN : 3;
      return Float32Array.of(numberOf(nv12) + (this.#options.offset ?? 0), 1, 2, last);
    });
    return { logits, inferenceNs: monotonicNs() - startNs };
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

function numberOf(nv12: Uint8Array): number {
  return new DataView(nv12.buffer, nv12.byteOffset).getUint32(4) % MOST_FRAMES;
}

function actionOf(nv12: Uint8Array): Action {
  return ACTIONS[nv12[0] ?? 0] ?? 'work';
}

export function createBackend(options: ScriptedOptions): InferenceBackend {
  return new ScriptedBackend(options);
}
