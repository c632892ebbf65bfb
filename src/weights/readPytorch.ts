import { unzipSync } from 'fflate';
import { EffvitError, fileError } from '../core/EffvitError.js';
import { readInput } from '../core/readInput.js';
import { type TensorReference, unpickleStateDict } from './unpickleStateDict.js';
import { countElements, numbersFromBytes, type WeightFile, type WeightTensor } from './WeightTensor.js';

/** Element types by the storage names of torch.save, as safetensors names them. */
const DTYPE_OF_STORAGE: ReadonlyMap<string, string> = new Map([
  ['FloatStorage', 'F32'],
  ['DoubleStorage', 'F64'],
  ['HalfStorage', 'F16'],
  ['BFloat16Storage', 'BF16'],
  ['LongStorage', 'I64'],
  ['IntStorage', 'I32'],
  ['ShortStorage', 'I16'],
  ['CharStorage', 'I8'],
  ['ByteStorage', 'U8'],
  ['BoolStorage', 'BOOL'],
]);

/** Smallest size of a central directory entry: a file of n bytes cannot list more than n / 46 entries. */
const SMALLEST_ENTRY_BYTES = 46;

/**
 * Reads the state_dict of a PyTorch checkpoint: torch.save's zip format (PyTorch 1.6 and later), the
 * state_dict alone or inside a training checkpoint.
 *
 * @throws EffvitError NOT_FOUND, IO_FAILED, BAD_WEIGHTS
 */
export async function readPytorch(path: string): Promise<WeightFile> {
  const entries = await readStoredZip(path);
  const [pickleName = '', pickle] = [...entries].find(([name]) => /^[^/]+\/data\.pkl$/.test(name)) ?? [];
  if (pickle === undefined) {
    throw fileError('BAD_WEIGHTS', path, 'is a zip file, but not one that torch.save wrote');
  }
  const folder = pickleName.slice(0, -'data.pkl'.length);
  const byteOrder = Buffer.from(entries.get(`${folder}byteorder`) ?? []).toString('latin1');
  if (byteOrder.trim() === 'big') {
    throw fileError('BAD_WEIGHTS', path, 'was saved on a big-endian machine: save it as safetensors');
  }
  const storages = new Map<string, Float32Array>();
  const tensors = new Map<string, WeightTensor>();
  for (const [name, reference] of unpickleStateDict(pickle, path)) {
    const { type, key } = reference.storage;
    const label = `${path}: its tensor ${JSON.stringify(name)}`;
    const dtype = DTYPE_OF_STORAGE.get(type);
    if (dtype === undefined) throw new EffvitError('BAD_WEIGHTS', `${label} is kept in a ${type}.`);
    const storageName = `${dtype} ${key}`;
    let storage = storages.get(storageName);
    if (storage === undefined) {
      const bytes = entries.get(`${folder}data/${key}`);
      if (bytes === undefined) throw new EffvitError('BAD_WEIGHTS', `${label} has no data in the file.`);
      storage = numbersFromBytes(bytes, dtype, label);
      storages.set(storageName, storage);
    }
    tensors.set(name, { dims: reference.dims, data: pick(storage, reference, label), storedAs: dtype });
  }
  return { format: 'pytorch', tensors, metadata: new Map() };
}

/** The tensor's elements in row-major order; a slice of the storage if it has that order already. */
function pick(
  storage: Float32Array,
  { offset, dims, strides }: TensorReference,
  label: string,
): Float32Array {
  const count = countElements(dims);
  const last = dims.reduce((sum, length, axis) => sum + (length - 1) * (strides[axis] as number), offset);
  // A view with stride 0 repeats elements and could claim any size; no state_dict of a real model has one.
  if (count > storage.length || (count > 0 && last >= storage.length)) {
    throw new EffvitError(
      'BAD_WEIGHTS',
      `${label} reaches beyond its storage of ${storage.length} elements.`,
    );
  }
  let next = 1;
  let isContiguous = true;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    if (dims[axis] !== 1 && strides[axis] !== next) isContiguous = false;
    next *= dims[axis] as number;
  }
  if (isContiguous) return storage.slice(offset, offset + count);
  const data = new Float32Array(count);
  const position = new Array<number>(dims.length).fill(0);
  let from = offset;
  for (let i = 0; i < count; i++) {
    data[i] = storage[from] as number;
    // Counts up like an odometer, the last axis fastest.
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      from += strides[axis] as number;
      position[axis] = (position[axis] as number) + 1;
      if ((position[axis] as number) < (dims[axis] as number)) break;
      from -= (dims[axis] as number) * (strides[axis] as number);
      position[axis] = 0;
    }
  }
  return data;
}

/**
 * The entries of a zip file that stores them without compression, as torch.save does, by name.
 *
 * @throws EffvitError NOT_FOUND, IO_FAILED; BAD_WEIGHTS for a broken or compressed archive, and for one whose
 *   entries are larger than the file
 */
async function readStoredZip(path: string): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const bytes = await readInput(path, { missing: `No weights file at ${path}.` });
  const fail = (reason: string, cause?: unknown): EffvitError =>
    fileError('BAD_WEIGHTS', path, `cannot be read as torch.save's zip format: ${reason}`, cause);
  let listed = 0;
  let claimedBytes = 0;
  const lengths = new Map<string, number>();
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      filter: ({ name, size, compression }) => {
        listed++;
        claimedBytes += size;
        if (listed > bytes.length / SMALLEST_ENTRY_BYTES || !(claimedBytes <= bytes.length)) {
          throw fail('it lists more than it holds');
        }
        if (compression !== 0) throw fail(`its entry ${JSON.stringify(name)} is compressed`);
        if (lengths.has(name)) throw fail(`it holds ${JSON.stringify(name)} twice`);
        lengths.set(name, size);
        return true;
      },
    });
  } catch (error) {
    if (error instanceof EffvitError) throw error;
    throw fail('it is damaged or cut short', error);
  }
  const entries = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const [name, length] of lengths) {
    const content = Object.hasOwn(files, name) ? files[name] : undefined;
    if (content?.length !== length) throw fail(`its entry ${JSON.stringify(name)} is cut short`);
    // Copied, because typed arrays need aligned memory.
    entries.set(name, new Uint8Array(content));
  }
  return entries;
}
