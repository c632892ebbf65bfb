import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { EffvitError } from '../core/EffvitError.js';
import { packagePath } from '../core/packageRoot.js';
import { TemporaryFolder } from '../core/TemporaryFolder.js';
import { killGroup, reasonOf, toolEnvironment } from './runTool.js';
import type { Toolchain } from './toolchainStatus.js';

export interface QuantizedModelOptions {
  readonly toolchain: Toolchain;
  /** The quantised ONNX model that the vendor's compiler writes. */
  readonly path: string;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** Importing the vendor's packages takes 10 s on a PC at rest. */
const START_LIMIT_MS = 300_000;
/** A frame takes half a second with EfficientViT-M5. */
const FRAME_LIMIT_MS = 300_000;

/**
 * The vendor's quantised model in a separate process. It uses the BPU's integer arithmetic, so its logits equal the
 * board's bit for bit. It computes one task at a time.
 */
export class QuantizedModel {
  /** Pictures of a task. */
  batch = 0;
  classCount = 0;
  readonly #what: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #closed: Promise<void>;
  #received = Buffer.alloc(0);
  #errors = '';
  /** Why the process ended. */
  #ended: string | undefined;
  /** `change`: bytes came, or the process ended. */
  readonly #events = new EventEmitter();

  private constructor(options: QuantizedModelOptions, scratch: TemporaryFolder) {
    const { toolchain, path, widthPx, heightPx } = options;
    this.#what = `The quantised model ${path}`;
    const script = packagePath('scripts', 'toolchain', 'run_quantized.py');
    this.#child = spawn(toolchain.pythonPath, [script, path, String(widthPx), String(heightPx)], {
      env: toolEnvironment(toolchain, { TMPDIR: scratch.path }),
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#events.emit('change');
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-65_536);
    });
    this.#child.stdin.on('error', () => undefined);
    this.#closed = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        this.#end(reasonOf({ code, signal }, this.#errors.split('\n')));
        resolve(scratch.remove());
      });
      this.#child.on('error', (error) => {
        this.#end(error.message);
        resolve(scratch.remove());
      });
    });
  }

  /** @throws EffvitError TOOL_FAILED, TIMED_OUT */
  static async start(options: QuantizedModelOptions): Promise<QuantizedModel> {
    // The vendor's packages leave files behind; they are removed with this folder.
    const model = new QuantizedModel(options, await TemporaryFolder.make());
    try {
      const line = await model.#read((received) => received.indexOf(0x0a) + 1, START_LIMIT_MS);
      const facts = JSON.parse(line.toString()) as { readonly batch: number; readonly classes: number };
      model.batch = facts.batch;
      model.classCount = facts.classes;
      return model;
    } catch (error) {
      await model.dispose();
      throw error;
    }
  }

  /**
   * @param nv12 `batch` pictures of the model's size, full range, one after the other.
   * @returns a new array of float32 logits, picture by picture.
   * @throws EffvitError TOOL_FAILED, TIMED_OUT; then the process is no longer usable
   */
  async run(nv12: Uint8Array): Promise<Float32Array> {
    const bytes = this.batch * this.classCount * Float32Array.BYTES_PER_ELEMENT;
    // Copied, because the caller may overwrite its memory before the pipe has taken it.
    if (this.#ended === undefined) this.#child.stdin.write(Uint8Array.from(nv12));
    const answer = await this.#read(({ length }) => (length < bytes ? 0 : bytes), FRAME_LIMIT_MS);
    return new Float32Array(Uint8Array.from(answer).buffer);
  }

  /** Kills the process; resolves when it has ended. Idempotent. */
  async dispose(): Promise<void> {
    this.#end('the process was ended');
    killGroup(this.#child, 'SIGKILL');
    await this.#closed;
  }

  #end(reason: string): void {
    this.#ended ??= reason;
    this.#events.emit('change');
  }

  /** @param lengthOf the length of the answer at the start of these bytes; 0 if it is not whole yet. */
  async #read(lengthOf: (received: Buffer) => number, limitMs: number): Promise<Buffer> {
    const signal = AbortSignal.timeout(limitMs);
    while (lengthOf(this.#received) === 0 && this.#ended === undefined && !signal.aborted) {
      await once(this.#events, 'change', { signal }).catch(() => undefined);
    }
    const length = lengthOf(this.#received);
    if (length === 0 && this.#ended !== undefined)
      throw new EffvitError('TOOL_FAILED', `${this.#what} failed: ${this.#ended}.`);
    if (length === 0)
      throw new EffvitError('TIMED_OUT', `${this.#what} gave no answer within ${limitMs / 1000} s.`);
    const answer = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return answer;
  }
}
