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
  readonly batch: number;
  readonly classCount: number;
  readonly #channel: Channel;

  private constructor(channel: Channel, batch: number, classCount: number) {
    this.#channel = channel;
    this.batch = batch;
    this.classCount = classCount;
  }

  /** @throws EffvitError TOOL_FAILED, TIMED_OUT */
  static async start({ toolchain, path, widthPx, heightPx }: QuantizedModelOptions): Promise<QuantizedModel> {
    const script = packagePath('scripts', 'toolchain', 'run_quantized.py');
    // The vendor's packages leave files behind; they are removed with this folder.
    const scratch = await TemporaryFolder.make();
    const args = [script, path, String(widthPx), String(heightPx)];
    const channel = new Channel(toolchain, args, path, scratch);
    try {
      const line = await channel.readLine(START_LIMIT_MS);
      const { batch, classes } = JSON.parse(line) as { readonly batch: number; readonly classes: number };
      return new QuantizedModel(channel, batch, classes);
    } catch (error) {
      await channel.end();
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
    this.#channel.write(Uint8Array.from(nv12));
    const answer = await this.#channel.read(bytes, FRAME_LIMIT_MS);
    return new Float32Array(Uint8Array.from(answer).buffer);
  }

  /** Ends the process; resolves when it has ended. Idempotent. */
  async dispose(): Promise<void> {
    await this.#channel.end();
  }
}

/** Exchanges bytes with a child process; each read has a time limit. */
class Channel {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #what: string;
  #received = Buffer.alloc(0);
  #errors = '';
  #ended: string | undefined;
  /** `change`: bytes came, or the process ended. */
  readonly #events = new EventEmitter();
  readonly #closed: Promise<void>;

  constructor(toolchain: Toolchain, args: readonly string[], path: string, scratch: TemporaryFolder) {
    this.#what = `The quantised model ${path}`;
    this.#child = spawn(toolchain.pythonPath, args, {
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
    this.#child.on('error', (error) => this.#end(error.message));
    this.#closed = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        this.#end(reasonOf({ code, signal }, this.#errors.split('\n')));
        resolve(scratch.remove());
      });
      this.#child.on('error', () => resolve(scratch.remove()));
    });
  }

  write(bytes: Uint8Array): void {
    if (this.#ended === undefined) this.#child.stdin.write(bytes);
  }

  async readLine(limitMs: number): Promise<string> {
    await this.#wait(() => this.#received.includes(0x0a), limitMs);
    return this.#take(this.#received.indexOf(0x0a) + 1).toString('utf8');
  }

  async read(bytes: number, limitMs: number): Promise<Buffer> {
    await this.#wait(() => this.#received.length >= bytes, limitMs);
    return this.#take(bytes);
  }

  /** Kills the process; resolves when it has ended. */
  async end(): Promise<void> {
    this.#end('the process was ended');
    killGroup(this.#child, 'SIGKILL');
    await this.#closed;
  }

  #take(bytes: number): Buffer {
    const taken = this.#received.subarray(0, bytes);
    this.#received = this.#received.subarray(bytes);
    return taken;
  }

  #end(reason: string): void {
    this.#ended ??= reason;
    this.#events.emit('change');
  }

  async #wait(isThere: () => boolean, limitMs: number): Promise<void> {
    const signal = AbortSignal.timeout(limitMs);
    while (!isThere() && this.#ended === undefined && !signal.aborted) {
      await once(this.#events, 'change', { signal }).catch(() => undefined);
    }
    if (isThere()) return;
    if (this.#ended !== undefined)
      throw new EffvitError('TOOL_FAILED', `${this.#what} failed: ${this.#ended}.`);
    throw new EffvitError('TIMED_OUT', `${this.#what} gave no answer within ${limitMs / 1000} s.`);
  }
}
