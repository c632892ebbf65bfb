import { EffvitError } from '../core/EffvitError.js';

/** One storage of a PyTorch checkpoint: an entry of its archive. Frozen, so that a pickle cannot change it. */
export class StorageReference {
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
