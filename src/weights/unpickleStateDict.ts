import { BufferReader, Parser } from 'pickleparser';
import { EffvitError, fileError } from '../core/EffvitError.js';

/** The keys under which training scripts keep the state_dict; timm looks for the same. */
const STATE_DICT_KEYS = ['state_dict_ema', 'state_dict', 'model_ema', 'model', 'model_state_dict'];

/**
 * The tensors of a checkpoint's data.pkl. Nothing in the pickle is executed: it can call only the few functions below;
 * every other class that it names becomes an inert object.
 *
 * @throws EffvitError BAD_WEIGHTS if the pickle is broken or holds no state_dict
 */
export function unpickleStateDict(bytes: Uint8Array, place: string): Map<string, TensorReference> {
  const parser = new Parser({
    unpicklingTypeOfDictionary: 'Map',
    nameResolver: { resolve: resolveName },
    persistentResolver: { resolve: resolveStorage },
  });
  let root: unknown;
  try {
    root = parser.read(new ForwardReader(bytes));
  } catch (error) {
    const reason = error instanceof EffvitError ? error.message : 'its pickle is broken.';
    throw new EffvitError('BAD_WEIGHTS', `${place} cannot be read: ${reason}`, {
      context: { file: place },
      cause: error,
    });
  }
  const tensors = findStateDict(root);
  if (tensors === null) {
    throw fileError(
      'BAD_WEIGHTS',
      place,
      'holds no state_dict: save one with torch.save(model.state_dict(), path)',
    );
  }
  return tensors;
}

class ForwardReader extends BufferReader {
  /** A negative length would move pickleparser's reader backwards, into an endless loop. */
  override skip(offset: number): void {
    if (!(offset >= 0)) throw new EffvitError('BAD_WEIGHTS', 'its pickle has a negative length.');
    super.skip(offset);
  }

  /** pickleparser would write a warning to the console for a length that no file can have. */
  override uint64(): number {
    const value = this.uint32() + 2 ** 32 * this.uint32();
    if (!Number.isSafeInteger(value))
      throw new EffvitError('BAD_WEIGHTS', 'its pickle has a length of 2^53 bytes or more.');
    return value;
  }
}

const makeDictionary = Object.freeze(() => new Map<unknown, unknown>());

const rebuildTensor = Object.freeze(
  (storage: unknown, offset: unknown, dims: unknown, strides: unknown): TensorReference =>
    new TensorReference(storage, offset, dims, strides),
);

const rebuildParameter = Object.freeze((tensor: unknown): unknown => tensor);

const CALLABLE: ReadonlyMap<string, (...args: unknown[]) => unknown> = new Map<
  string,
  (...args: unknown[]) => unknown
>([
  ['collections.OrderedDict', makeDictionary],
  ['torch._utils._rebuild_tensor', rebuildTensor],
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch._utils._rebuild_parameter', rebuildParameter],
]);

/** Names of storage classes, by the placeholder that the pickle received for each. */
const storageTypes = new WeakMap<object, string>();

function resolveName(module: string, name: string): (...args: unknown[]) => unknown {
  const known = CALLABLE.get(`${module}.${name}`);
  if (known !== undefined) return known;
  // A function, because the parser constructs or calls it (optimisers, argument lists); it does nothing.
  const inert = function inert(): object {
    return {};
  };
  if (module === 'torch') storageTypes.set(inert, name);
  return Object.freeze(inert);
}

function resolveStorage(id: unknown): StorageReference {
  const [kind, type, key] = Array.isArray(id) ? (id as unknown[]) : [];
  const typeName = typeof type === 'function' ? storageTypes.get(type) : undefined;
  if (kind !== 'storage' || typeName === undefined || typeof key !== 'string') {
    throw new EffvitError('BAD_WEIGHTS', 'it refers to something that is no tensor storage.');
  }
  return new StorageReference(typeName, key);
}

/** The dictionary of tensors at the root or under one of the usual keys; its other entries are ignored. */
function findStateDict(root: unknown): Map<string, TensorReference> | null {
  if (!(root instanceof Map)) return null;
  for (const key of STATE_DICT_KEYS) {
    const tensors = tensorsIn(root.get(key));
    if (tensors !== null) return tensors;
  }
  return tensorsIn(root);
}

function tensorsIn(dictionary: unknown): Map<string, TensorReference> | null {
  if (!(dictionary instanceof Map)) return null;
  const tensors = new Map<string, TensorReference>();
  for (const [name, value] of dictionary as Map<unknown, unknown>) {
    if (typeof name === 'string' && value instanceof TensorReference) tensors.set(name, value);
  }
  return tensors.size === 0 ? null : tensors;
}

/** One storage of a PyTorch checkpoint: an entry of its archive. Frozen, so that a pickle cannot change it. */
class StorageReference {
  /** `FloatStorage`, `HalfStorage` ... */
  readonly type: string;
  /** Name of the entry inside the archive's `data` folder. */
  readonly key: string;

  constructor(type: string, key: string) {
    this.type = type;
    this.key = key;
    Object.freeze(this);
  }
}

/** A tensor whose elements are still in the archive; lengths, strides and offset in elements. Frozen. */
export class TensorReference {
  readonly storage: StorageReference;
  readonly offset: number;
  readonly dims: readonly number[];
  readonly strides: readonly number[];

  /** Validates the values from the pickle. @throws EffvitError BAD_WEIGHTS unless they are a storage, an offset, lengths and strides */
  constructor(storage: unknown, offset: unknown, dims: unknown, strides: unknown) {
    if (
      !(storage instanceof StorageReference) ||
      !isLength(offset) ||
      !areLengths(dims) ||
      !areLengths(strides) ||
      dims.length !== strides.length
    ) {
      throw new EffvitError('BAD_WEIGHTS', 'it holds a tensor without a sound shape.');
    }
    this.storage = storage;
    this.offset = offset;
    this.dims = Object.freeze([...dims]);
    this.strides = Object.freeze([...strides]);
    Object.freeze(this);
  }
}

function isLength(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function areLengths(value: unknown): value is number[] {
  return Array.isArray(value) && value.every(isLength);
}
