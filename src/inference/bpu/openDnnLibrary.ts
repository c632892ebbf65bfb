import type { TypeObject } from 'koffi';
import { asEffvitError, EffvitError, sentencePart } from '../../core/EffvitError.js';
import { loadNative } from '../../core/loadNative.js';
import { checkAbi } from './bpuAbi.js';

type Koffi = typeof import('koffi');
type Library = ReturnType<Koffi['load']>;
export type Argument = bigint | number | Uint8Array | null;
type DnnFunction = (...args: Argument[]) => number;

const ARGUMENTS = {
  hbDNNInitializeFromFiles: 'void *out, void *files, int32 count',
  hbDNNRelease: 'void *packed',
  hbDNNGetModelNameList: 'void *names, void *count, void *packed',
  hbDNNGetModelHandle: 'void *out, void *packed, void *name',
  hbDNNGetInputCount: 'void *count, void *model',
  hbDNNGetOutputCount: 'void *count, void *model',
  hbDNNGetOutputName: 'void *name, void *model, int32 index',
  hbDNNGetInputTensorProperties: 'void *out, void *model, int32 index',
  hbDNNGetOutputTensorProperties: 'void *out, void *model, int32 index',
  hbDNNInfer: 'void *task, void *outputs, void *inputs, void *model, void *control',
  hbDNNWaitTaskDone: 'void *task, int32 timeoutMs',
  hbDNNReleaseTask: 'void *task',
  hbSysAllocCachedMem: 'void *mem, uint32 size',
  hbSysFlushMem: 'void *mem, int32 flag',
  hbSysFreeMem: 'void *mem',
} as const;

/** Needed only for models that crop regions from whole pictures; older versions lack them. */
const OPTIONAL_ARGUMENTS = {
  hbDNNRoiInfer:
    'void *task, void *outputs, void *inputs, void *rois, int32 count, void *model, void *control',
  hbDNNGetInputSource: 'void *out, void *model, int32 index',
} as const;

type RequiredCall = keyof typeof ARGUMENTS;
type OptionalCall = keyof typeof OPTIONAL_ARGUMENTS;

export type DnnCall = RequiredCall | OptionalCall;

export const DNN_CALLS = Object.keys(ARGUMENTS) as readonly RequiredCall[];

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

/** The loaded libdnn.so. */
export interface DnnLibrary {
  readonly path: string;
  /** As the runtime reports it, e.g. `1.24.5`. */
  readonly version: string;
  readonly functions: Readonly<
    Record<RequiredCall, DnnFunction> & Partial<Record<OptionalCall, DnnFunction>>
  >;
  /** The runtime's description of an error code. */
  readonly describe: ((code: number) => string | null) | undefined;
}

/**
 * @param libraryPath absent: the known paths.
 * @throws EffvitError NOT_FOUND (no library, or it does not load), BPU_FAILED (older than 1.18), UNSUPPORTED (a later
 *   generation, another memory layout, or no koffi build for this machine).
 */
export function openDnnLibrary(libraryPath: string | undefined): DnnLibrary {
  const koffi = loadNative<Koffi>('koffi');
  checkAbi<TypeObject>(koffi);
  const isGiven = libraryPath !== undefined && libraryPath !== '';
  const reasons: string[] = [];
  for (const path of isGiven ? [libraryPath] : LIBRARY_PATHS) {
    let library: Library;
    try {
      library = koffi.load(path);
    } catch (error) {
      reasons.push(asEffvitError(error).message);
      continue;
    }
    pin(koffi, path);
    const version = checkedVersion(path, library);
    const describe = bindOptional(library, 'const char *hbDNNGetErrorDesc(int32 code)');
    return { path, version, functions: boundFunctions(path, library), describe };
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

function checkedVersion(path: string, library: Library): string {
  const getVersion = bindOptional(library, 'const char *hbDNNGetVersion()');
  const text: string | null | undefined = getVersion?.();
  const match = /(\d+)\.(\d+)(?:\.\d+)*/.exec(text ?? '');
  if (match === null) {
    throw unusableLibrary(
      path,
      'reports no version, so it is not libdnn.so: name the right file in EFFVIT_LIBDNN',
    );
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
    throw unusableLibrary(
      path,
      `is libdnn ${match[0]}, older than ${OLDEST_MAJOR}.${OLDEST_MINOR}: update hobot-dnn (sudo apt update && sudo apt install --only-upgrade hobot-dnn)`,
    );
  }
  return match[0];
}

function boundFunctions(path: string, library: Library): DnnLibrary['functions'] {
  const bound: Partial<Record<DnnCall, DnnFunction>> = {};
  for (const [name, args] of Object.entries(OPTIONAL_ARGUMENTS) as [OptionalCall, string][]) {
    const optional = bindOptional(library, `int32 ${name}(${args})`);
    if (optional !== undefined) bound[name] = optional;
  }
  for (const name of DNN_CALLS) {
    try {
      bound[name] = library.func(`int32 ${name}(${ARGUMENTS[name]})`);
    } catch (error) {
      throw unusableLibrary(
        path,
        `has no function ${name}: name the BPU runtime's libdnn.so in EFFVIT_LIBDNN`,
        error,
      );
    }
  }
  return bound as DnnLibrary['functions'];
}

function bindOptional(library: Library, signature: string) {
  try {
    return library.func(signature);
  } catch {
    return undefined;
  }
}

export function unusableLibrary(path: string, reason: string, cause?: unknown): EffvitError {
  return new EffvitError('BPU_FAILED', `${path} ${reason}.`, { context: { file: path }, cause });
}
