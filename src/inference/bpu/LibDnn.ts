import type { TypeObject } from 'koffi';
import { asEffvitError, EffvitError, sentencePart } from '../../core/EffvitError.js';
import { loadNative } from '../../core/loadNative.js';
import { checkAbi, PROPERTIES } from './bpuAbi.js';
import { bpuError } from './bpuErrors.js';

type Koffi = typeof import('koffi');
type Argument = bigint | number | Uint8Array | null;
type DnnFunction = (...args: Argument[]) => number;

const SIGNATURES = {
  hbDNNInitializeFromFiles: 'int32 hbDNNInitializeFromFiles(void *out, void *files, int32 count)',
  hbDNNRelease: 'int32 hbDNNRelease(void *packed)',
  hbDNNGetModelNameList: 'int32 hbDNNGetModelNameList(void *names, void *count, void *packed)',
  hbDNNGetModelHandle: 'int32 hbDNNGetModelHandle(void *out, void *packed, void *name)',
  hbDNNGetInputCount: 'int32 hbDNNGetInputCount(void *count, void *model)',
  hbDNNGetOutputCount: 'int32 hbDNNGetOutputCount(void *count, void *model)',
  hbDNNGetOutputName: 'int32 hbDNNGetOutputName(void *name, void *model, int32 index)',
  hbDNNGetInputTensorProperties: 'int32 hbDNNGetInputTensorProperties(void *out, void *model, int32 index)',
  hbDNNGetOutputTensorProperties: 'int32 hbDNNGetOutputTensorProperties(void *out, void *model, int32 index)',
  hbDNNInfer: 'int32 hbDNNInfer(void *task, void *outputs, void *inputs, void *model, void *control)',
  hbDNNWaitTaskDone: 'int32 hbDNNWaitTaskDone(void *task, int32 timeoutMs)',
  hbDNNReleaseTask: 'int32 hbDNNReleaseTask(void *task)',
  hbSysAllocCachedMem: 'int32 hbSysAllocCachedMem(void *mem, uint32 size)',
  hbSysFlushMem: 'int32 hbSysFlushMem(void *mem, int32 flag)',
  hbSysFreeMem: 'int32 hbSysFreeMem(void *mem)',
} as const;

/** Needed only for models that crop regions from whole pictures. */
const ROI_INFER =
  'int32 hbDNNRoiInfer(void *task, void *outputs, void *inputs, void *rois, int32 count, void *model, void *control)';

type RequiredCall = keyof typeof SIGNATURES;

export type DnnCall = RequiredCall | 'hbDNNRoiInfer';

export const DNN_CALLS = Object.keys(SIGNATURES) as readonly RequiredCall[];

/** The oldest version with known structures. */
const OLDEST_MAJOR = 1;
const OLDEST_MINOR = 18;

/** Search order: by the system's loader, then the paths on the boards' images. */
const LIBRARY_PATHS = [
  'libdnn.so',
  '/usr/lib/libdnn.so',
  '/usr/hobot/lib/libdnn.so',
  '/usr/lib/hbbpu/libdnn.so',
];

/**
 * The C functions of the BPU runtime, libdnn.so. Handles and addresses are BigInts and may be passed between threads.
 * Every thread opens the library; the system loads it once.
 */
export class LibDnn {
  /** Path of the loaded library. */
  readonly path: string;
  /** As the runtime reports it, e.g. `1.24.5`. */
  readonly version: string;
  readonly #koffi: Koffi;
  readonly #functions: Readonly<Record<RequiredCall, DnnFunction>>;
  readonly #roiInfer: DnnFunction | undefined;
  readonly #inputSource: DnnFunction | undefined;
  readonly #describe: ((code: number) => string | null) | undefined;
  readonly #out = new Uint8Array(new ArrayBuffer(16));
  readonly #outView = new DataView(this.#out.buffer);

  private constructor(koffi: Koffi, path: string, library: ReturnType<Koffi['load']>) {
    this.#koffi = koffi;
    this.path = path;
    this.version = checkedVersion(path, library);
    this.#functions = bindAll(path, library);
    this.#describe = bindOptional(library, 'const char *hbDNNGetErrorDesc(int32 code)');
    this.#roiInfer = bindOptional(library, ROI_INFER);
    this.#inputSource = bindOptional(
      library,
      'int32 hbDNNGetInputSource(void *out, void *model, int32 index)',
    );
  }

  /**
   * @param libraryPath absent: `$EFFVIT_LIBDNN`, else the known paths.
   * @throws EffvitError NOT_FOUND (no library, or it does not load), BPU_FAILED (older than 1.18), UNSUPPORTED (a later
   *   generation, another memory layout, or no koffi build for this machine).
   */
  static async open(libraryPath: string | undefined = process.env['EFFVIT_LIBDNN']): Promise<LibDnn> {
    const koffi = loadNative<Koffi>('koffi');
    checkAbi<TypeObject>({
      struct: (members) => koffi.struct(members),
      array: (member, length) => koffi.array(member, length),
      sizeof: (type) => koffi.sizeof(type),
      offsetof: (type, member) => koffi.offsetof(type, member),
    });
    const isGiven = libraryPath !== undefined && libraryPath !== '';
    const reasons: string[] = [];
    for (const path of isGiven ? [libraryPath] : LIBRARY_PATHS) {
      let library: ReturnType<Koffi['load']>;
      try {
        library = koffi.load(path);
      } catch (error) {
        reasons.push(asEffvitError(error).message);
        continue;
      }
      pin(koffi, path);
      return new LibDnn(koffi, path, library);
    }
    const reason = sentencePart(reasons[0] ?? '');
    throw new EffvitError(
      'NOT_FOUND',
      isGiven
        ? `The BPU runtime ${libraryPath} does not load (${reason}): correct EFFVIT_LIBDNN, or choose the backend onnx.`
        : `The BPU runtime libdnn.so is not on this machine (${reason}): install hobot-dnn on the board, name the file in EFFVIT_LIBDNN, or choose the backend onnx.`,
      { context: { file: libraryPath } },
    );
  }

  /** Calls a function and returns its result: 0 or an error code. Blocks as long as the call. */
  call(name: DnnCall, ...args: Argument[]): number {
    if (name !== 'hbDNNRoiInfer') return this.#functions[name](...args);
    if (this.#roiInfer === undefined) {
      throw unusable(
        this.path,
        `(libdnn ${this.version}) has no function hbDNNRoiInfer: update hobot-dnn, or compile the model with --input-source pyramid`,
      );
    }
    return this.#roiInfer(...args);
  }

  /** Calls a function that must succeed. @throws EffvitError according to the table of error codes. */
  require(name: DnnCall, about: string, ...args: Argument[]): void {
    const code = this.call(name, ...args);
    if (code !== 0) throw this.error(name, code, about);
  }

  error(name: DnnCall, code: number, about: string): EffvitError {
    const described = this.#describe?.(code) ?? undefined;
    return bpuError(name, code, about, described?.replace(/[\s.]+$/, ''));
  }

  /** Loads a .bin file. @returns its packed handle, which must be released once. */
  initializeFromFile(path: string): bigint {
    const name = cString(path);
    const list = new BigUint64Array(new ArrayBuffer(8));
    list[0] = this.addressOf(name);
    return this.#outPointer('hbDNNInitializeFromFiles', path, (out) => [out, new Uint8Array(list.buffer), 1]);
  }

  modelNames(packed: bigint, about: string): string[] {
    this.#out.fill(0);
    const out = this.addressOf(this.#out);
    this.require('hbDNNGetModelNameList', about, out, out + 8n, packed);
    const count = this.#outView.getInt32(8, true);
    if (count <= 0) return [];
    const pointers = this.copyOf(this.#outView.getBigUint64(0, true), 8 * count);
    return Array.from({ length: count }, (_, index) =>
      this.#koffi.decode.string(new DataView(pointers).getBigUint64(8 * index, true)),
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
    const code = this.#inputSource?.(this.#out, model, 0);
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

  /** Address of a buffer, which must stay referenced while the runtime uses it. */
  addressOf(bytes: Uint8Array): bigint {
    return this.#koffi.address(bytes);
  }

  /** A view of the runtime's memory; must not be accessed after that was freed. */
  view(address: bigint, lengthBytes: number): Uint8Array {
    return new Uint8Array(this.#koffi.view(address, lengthBytes));
  }

  /** Allocates memory on the C heap; only for {@link NativeMemory}. */
  allocate(lengthBytes: number): bigint {
    return this.#koffi.alloc('uint8', lengthBytes);
  }

  free(address: bigint): void {
    this.#koffi.free(address);
  }

  copyOf(address: bigint, lengthBytes: number): ArrayBuffer {
    return this.view(address, lengthBytes).slice().buffer;
  }

  #outPointer(name: DnnCall, about: string, args: (out: Uint8Array) => Argument[]): bigint {
    this.#out.fill(0);
    this.require(name, about, ...args(this.#out));
    return this.#outView.getBigUint64(0, true);
  }
}

/**
 * Keeps the library loaded until the process exits. Otherwise it would be unloaded with the last worker thread, while
 * its internal threads still run, and loaded again with the next worker.
 */
function pin(koffi: Koffi, path: string): void {
  const RTLD_NOW = 2;
  try {
    koffi.load(null).func('void *dlopen(const char *path, int flags)')(path, RTLD_NOW);
  } catch {
    // This C library has no dlopen with that name: only koffi's reference keeps the library loaded.
  }
}

function unusable(path: string, reason: string, cause?: unknown): EffvitError {
  return new EffvitError('BPU_FAILED', `${path} ${reason}.`, { context: { file: path }, cause });
}

function checkedVersion(path: string, library: ReturnType<Koffi['load']>): string {
  const getVersion = bindOptional(library, 'const char *hbDNNGetVersion()');
  const text: string | null | undefined = getVersion?.();
  const match = /(\d+)\.(\d+)(?:\.\d+)*/.exec(text ?? '');
  if (match === null) {
    throw unusable(path, 'reports no version, so it is not libdnn.so: name the right file in EFFVIT_LIBDNN');
  }
  const major = Number(match[1]);
  const minor = Number(match[2]);
  if (major > OLDEST_MAJOR) {
    throw new EffvitError(
      'UNSUPPORTED',
      `${path} is libdnn ${match[0]}, of the generation of the RDK S100 and S600 (UCP: hbDNNInferV2 in place of hbDNNInfer), and effvit drives that of the X5 and X3 (${OLDEST_MAJOR}.${OLDEST_MINOR} to 1.x): choose the backend onnx.`,
      { context: { file: path } },
    );
  }
  if (major < OLDEST_MAJOR || (major === OLDEST_MAJOR && minor < OLDEST_MINOR)) {
    throw unusable(
      path,
      `is libdnn ${match[0]}, older than ${OLDEST_MAJOR}.${OLDEST_MINOR}: update hobot-dnn (sudo apt update && sudo apt install --only-upgrade hobot-dnn)`,
    );
  }
  return match[0];
}

function bindAll(path: string, library: ReturnType<Koffi['load']>) {
  const bound: Partial<Record<RequiredCall, DnnFunction>> = {};
  for (const name of DNN_CALLS) {
    try {
      bound[name] = library.func(SIGNATURES[name]);
    } catch (error) {
      throw unusable(
        path,
        `has no function ${name}: name the BPU runtime's libdnn.so in EFFVIT_LIBDNN`,
        error,
      );
    }
  }
  return bound as Record<RequiredCall, DnnFunction>;
}

function bindOptional(library: ReturnType<Koffi['load']>, signature: string) {
  try {
    return library.func(signature);
  } catch {
    return undefined;
  }
}

function cString(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(`${text}\0`);
  const own = new Uint8Array(new ArrayBuffer(bytes.length));
  own.set(bytes);
  return own;
}
