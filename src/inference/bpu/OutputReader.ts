import { float16ToNumber } from '../../core/float16.js';
import { dataView, QUANTI_TYPE, TENSOR_TYPE } from './bpuAbi.js';
import { unusable } from './bpuErrors.js';
import { nativeView } from './NativeMemory.js';
import type { NativeArray, TensorProperties } from './TensorProperties.js';

interface NumberType {
  readonly bytes: number;
  readonly read: (view: DataView, offset: number) => number;
}

const NUMBER_TYPES: Readonly<Record<number, NumberType>> = {
  [TENSOR_TYPE.s8]: { bytes: 1, read: (view, offset) => view.getInt8(offset) },
  [TENSOR_TYPE.u8]: { bytes: 1, read: (view, offset) => view.getUint8(offset) },
  [TENSOR_TYPE.f16]: { bytes: 2, read: (view, offset) => float16ToNumber(view.getUint16(offset, true)) },
  [TENSOR_TYPE.s16]: { bytes: 2, read: (view, offset) => view.getInt16(offset, true) },
  [TENSOR_TYPE.u16]: { bytes: 2, read: (view, offset) => view.getUint16(offset, true) },
  [TENSOR_TYPE.f32]: { bytes: 4, read: (view, offset) => view.getFloat32(offset, true) },
  [TENSOR_TYPE.s32]: { bytes: 4, read: (view, offset) => view.getInt32(offset, true) },
  [TENSOR_TYPE.u32]: { bytes: 4, read: (view, offset) => view.getUint32(offset, true) },
  [TENSOR_TYPE.f64]: { bytes: 8, read: (view, offset) => view.getFloat64(offset, true) },
};

/**
 * Converts an output tensor, of one picture or of a batch, to one float32 per class. The tensor may have any number
 * type, may be padded, and may be quantised by shift or by scale and zero point, per tensor or per class.
 */
export class OutputReader {
  readonly classCount: number;
  readonly #number: NumberType;
  readonly #stepBytes: number;
  /** Distance from one picture's scores to the next picture's. */
  readonly #pictureBytes: number;
  readonly #batch: number;
  /** Distance from the scores of one run of the batch to those of the next run. */
  readonly #runBytes: number;
  readonly #isPlainFloat: boolean;
  /** value = (stored - zero) * factor; one entry for all classes, or one per class. */
  readonly #factors: Float64Array;
  readonly #zeros: Float64Array;

  /**
   * @param copyMemory copies the runtime's memory.
   * @throws EffvitError BAD_MODEL for a tensor that has not one number per class, or that cannot be read.
   */
  constructor(
    properties: TensorProperties,
    batch: number,
    about: string,
    copyMemory = (address: bigint, lengthBytes: number) => nativeView(address, lengthBytes).slice().buffer,
  ) {
    const { validShape, tensorType, quantiType, alignedByteSize } = properties;
    const shapeOfOne = batch === 1 ? validShape : [1, ...validShape.slice(1)];
    const classAxis = shapeOfOne.findIndex((size) => size !== 1);
    this.classCount = shapeOfOne.reduce((product, size) => product * size, 1);
    const isVector = this.classCount >= 2 && shapeOfOne.filter((size) => size !== 1).length === 1;
    if (!isVector || (batch > 1 && validShape[0] !== batch)) {
      const wanted = batch === 1 ? 'one score a class' : `one score a class for each of ${batch} pictures`;
      throw unusable(
        about,
        `its output has the shape ${validShape.join('x') || 'of nothing'}, not ${wanted}`,
      );
    }
    const number = NUMBER_TYPES[tensorType];
    if (number === undefined) {
      throw unusable(about, `its output has the data type ${tensorType}, which cannot be read`);
    }
    this.#number = number;
    this.#batch = batch;
    this.#runBytes = alignedByteSize;
    this.#stepBytes = stepOf(properties, classAxis, number.bytes);
    this.#pictureBytes = batch === 1 ? alignedByteSize : stepOf(properties, 0, number.bytes);
    const neededBytes =
      (batch - 1) * this.#pictureBytes + (this.classCount - 1) * this.#stepBytes + number.bytes;
    if (this.#stepBytes < number.bytes || this.#pictureBytes <= 0 || neededBytes > alignedByteSize) {
      throw unusable(about, `its output needs ${neededBytes} bytes but has ${alignedByteSize}`);
    }
    this.#factors = Float64Array.of(1);
    this.#zeros = Float64Array.of(0);
    const { shift, scale, zeroPoint } = properties;
    const perClass = ({ address, length }: NativeArray, itemBytes: number, what: string): ArrayBufferLike => {
      if (length === 1 || length === this.classCount) return copyMemory(address, itemBytes * length);
      throw unusable(about, `its output has ${length} ${what} for ${this.classCount} classes`);
    };
    if (quantiType === QUANTI_TYPE.shift) {
      this.#factors = Float64Array.from(new Uint8Array(perClass(shift, 1, 'shifts')), (bits) => 2 ** -bits);
    } else if (quantiType === QUANTI_TYPE.scale) {
      this.#factors = Float64Array.from(new Float32Array(perClass(scale, 4, 'scales')));
      if (zeroPoint.length > 0) {
        this.#zeros = Float64Array.from(new Int8Array(perClass(zeroPoint, 1, 'zero points')));
      }
    } else if (quantiType !== QUANTI_TYPE.none) {
      throw unusable(about, `its output is quantised in the way ${quantiType}, which is not known`);
    }
    this.#isPlainFloat =
      tensorType === TENSOR_TYPE.f32 && quantiType === QUANTI_TYPE.none && this.#stepBytes === 4;
  }

  /** @param memory of the tensor, invalidated for reading. @param picture from 0; may continue into further runs. */
  read(memory: Uint8Array, picture: number, into: Float32Array): void {
    const run = Math.floor(picture / this.#batch);
    const beginBytes = run * this.#runBytes + (picture % this.#batch) * this.#pictureBytes;
    if (this.#isPlainFloat) {
      into.set(new Float32Array(memory.buffer, memory.byteOffset + beginBytes, this.classCount));
      return;
    }
    const view = dataView(memory);
    const { read } = this.#number;
    const oneFactor = this.#factors.length === 1;
    const oneZero = this.#zeros.length === 1;
    for (let index = 0; index < this.classCount; index++) {
      const zero = this.#zeros[oneZero ? 0 : index] ?? 0;
      const factor = this.#factors[oneFactor ? 0 : index] ?? 1;
      into[index] = (read(view, beginBytes + index * this.#stepBytes) - zero) * factor;
    }
  }
}

/** Bytes from one class to the next: the runtime's stride, else computed from the aligned shape. */
function stepOf({ stride, alignedShape }: TensorProperties, axis: number, elementBytes: number): number {
  const given = stride[axis] ?? 0;
  if (given > 0) return given;
  return alignedShape.slice(axis + 1).reduce((product, size) => product * size, elementBytes);
}
