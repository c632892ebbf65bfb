import { dataView, MOST_DIMENSIONS, PROPERTIES, SHAPE } from './bpuAbi.js';

export interface NativeArray {
  readonly address: bigint;
  readonly length: number;
}

/** A parsed hbDNNTensorProperties; pointers stay addresses. */
export interface TensorProperties {
  readonly validShape: readonly number[];
  readonly alignedShape: readonly number[];
  readonly tensorLayout: number;
  readonly tensorType: number;
  readonly shift: NativeArray;
  readonly scale: NativeArray;
  readonly zeroPoint: NativeArray;
  readonly quantiType: number;
  readonly alignedByteSize: number;
  /** Bytes from one index of each dimension to the next; 0 if the runtime does not report it. */
  readonly stride: readonly number[];
}

export function parseTensorProperties(bytes: Uint8Array): TensorProperties {
  const view = dataView(bytes);
  const int = (offset: number): number => view.getInt32(offset, true);
  const shape = (offset: number): number[] => {
    const count = Math.min(Math.max(int(offset + SHAPE.numDimensions), 0), MOST_DIMENSIONS);
    return Array.from({ length: count }, (_, index) => int(offset + 4 * index));
  };
  const array = (lengthOffset: number, dataOffset: number): NativeArray => ({
    length: int(lengthOffset),
    address: view.getBigUint64(dataOffset, true),
  });
  return {
    validShape: shape(PROPERTIES.validShape),
    alignedShape: shape(PROPERTIES.alignedShape),
    tensorLayout: int(PROPERTIES.tensorLayout),
    tensorType: int(PROPERTIES.tensorType),
    shift: array(PROPERTIES.shiftLen, PROPERTIES.shiftData),
    scale: array(PROPERTIES.scaleLen, PROPERTIES.scaleData),
    zeroPoint: array(PROPERTIES.zeroPointLen, PROPERTIES.zeroPointData),
    quantiType: int(PROPERTIES.quantiType),
    alignedByteSize: int(PROPERTIES.alignedByteSize),
    stride: Array.from({ length: MOST_DIMENSIONS }, (_, index) => int(PROPERTIES.stride + 4 * index)),
  };
}
