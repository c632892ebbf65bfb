import type { EffvitError } from '../../core/EffvitError.js';
import { loadNative } from '../../core/loadNative.js';
import { dataView, PROPERTIES } from './bpuAbi.js';
import { bpuError } from './bpuErrors.js';
import { nativeView } from './NativeMemory.js';
import {
  type Argument,
  type DnnCall,
  type DnnLibrary,
  openDnnLibrary,
  unusableLibrary,
} from './openDnnLibrary.js';

/**
 * The C functions of the BPU runtime, libdnn.so. Handles and addresses are BigInts and may be passed between threads.
 * Every thread opens the library; the system loads it once.
 */
export class LibDnn {
  readonly library: DnnLibrary;
  readonly #koffi = loadNative<typeof import('koffi')>('koffi');
  readonly #out = new Uint8Array(new ArrayBuffer(16));
  readonly #outView = dataView(this.#out);

  /** @param libraryPath absent: `$EFFVIT_LIBDNN`, else the known paths. @throws EffvitError as {@link openDnnLibrary} */
  constructor(libraryPath: string | undefined = process.env['EFFVIT_LIBDNN']) {
    this.library = openDnnLibrary(libraryPath);
  }

  /** Calls a function and returns its result: 0 or an error code. Blocks as long as the call. */
  call(name: DnnCall, ...args: Argument[]): number {
    const { path, version, functions } = this.library;
    const run = functions[name];
    if (run === undefined) {
      throw unusableLibrary(
        path,
        `(libdnn ${version}) has no function ${name}: update hobot-dnn, or compile the model with --input-source pyramid`,
      );
    }
    return run(...args);
  }

  /** Calls a function that must succeed. @throws EffvitError according to the table of error codes. */
  require(name: DnnCall, about: string, ...args: Argument[]): void {
    const code = this.call(name, ...args);
    if (code !== 0) throw this.error(name, code, about);
  }

  error(name: DnnCall, code: number, about: string): EffvitError {
    const described = this.library.describe?.(code) ?? undefined;
    return bpuError(name, code, about, described?.replace(/[\s.]+$/, ''));
  }

  /** Loads a .bin file. @returns its packed handle, which must be released once. */
  initializeFromFile(path: string): bigint {
    const name = cString(path);
    const list = new BigUint64Array(new ArrayBuffer(8));
    list[0] = this.#koffi.address(name);
    return this.#outPointer('hbDNNInitializeFromFiles', path, (out) => [out, new Uint8Array(list.buffer), 1]);
  }

  modelNames(packed: bigint, about: string): string[] {
    this.#out.fill(0);
    const out = this.#koffi.address(this.#out);
    this.require('hbDNNGetModelNameList', about, out, out + 8n, packed);
    const count = this.#outView.getInt32(8, true);
    if (count <= 0) return [];
    const pointers = dataView(nativeView(this.#outView.getBigUint64(0, true), 8 * count));
    return Array.from({ length: count }, (_, index) =>
      this.#koffi.decode.string(pointers.getBigUint64(8 * index, true)),
    );
  }

  modelHandle(packed: bigint, name: string, about: string): bigint {
    return this.#outPointer('hbDNNGetModelHandle', about, (out) => [out, packed, cString(name)]);
  }

  count(name: 'hbDNNGetInputCount' | 'hbDNNGetOutputCount', model: bigint, about: string): number {
    this.#out.fill(0);
    this.require(name, about, this.#out, model);
    return this.#outView.getInt32(0, true);
  }

  /** Input source of a model with one input, numbered as in bpuAbi; undefined if the runtime does not report it. */
  inputSource(model: bigint): number | undefined {
    this.#out.fill(0);
    const code = this.library.functions.hbDNNGetInputSource?.(this.#out, model, 0);
    return code === 0 ? this.#outView.getInt32(0, true) : undefined;
  }

  outputName(model: bigint, index: number, about: string): string {
    const pointer = this.#outPointer('hbDNNGetOutputName', about, (out) => [out, model, index]);
    return this.#koffi.decode.string(pointer);
  }

  /** The raw structure with the layout of {@link PROPERTIES}. */
  properties(
    name: 'hbDNNGetInputTensorProperties' | 'hbDNNGetOutputTensorProperties',
    model: bigint,
    index: number,
    about: string,
  ): Uint8Array {
    const properties = new Uint8Array(new ArrayBuffer(PROPERTIES.size));
    this.require(name, about, properties, model, index);
    return properties;
  }

  #outPointer(name: DnnCall, about: string, args: (out: Uint8Array) => Argument[]): bigint {
    this.#out.fill(0);
    this.require(name, about, ...args(this.#out));
    return this.#outView.getBigUint64(0, true);
  }
}

/** Not in memory that V8 may move. */
function cString(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(`${text}\0`);
  const own = new Uint8Array(new ArrayBuffer(bytes.length));
  own.set(bytes);
  return own;
}
