import { EffvitError } from '../core/EffvitError.js';
import {
  dataFromRaw,
  dataTypeFromCode,
  ELEMENT_TYPES,
  elementCount,
  type OnnxDataType,
  type OnnxTensor,
  type OnnxTensorData,
  rawByteLength,
} from './OnnxTensor.js';
import { fromWireInt, type Wire, type WireInt } from './onnxSchema.js';

/** Location of a tensor's bytes outside the model file (keys of TensorProto.external_data). */
export interface ExternalDataPlace {
  /** As written in the model: a path relative to the model's folder. */
  readonly location: string;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

/** Fetches exactly `lengthBytes` bytes, or throws an EffvitError that names the file. */
export type ExternalDataLoader = (place: ExternalDataPlace, tensorName: string) => Uint8Array;

export interface DecodeOptions {
  readonly loadExternal: ExternalDataLoader;
  /** Larger constants are returned without their data. */
  readonly maxElements: number;
}

/** @throws EffvitError BAD_MODEL if the shape, the type and the bytes do not agree */
export function decodeTensor(wire: Wire<'Tensor'>, { loadExternal, maxElements }: DecodeOptions): OnnxTensor {
  const place = `Tensor ${JSON.stringify(wire.name ?? '')}`;
  const dataType = dataTypeFromCode(wire.dataType ?? 0, place);
  const dims = (wire.dims ?? []).map((length) => Number(fromWireInt(length)));
  if (dims.reduce((product, length) => product * length, 1) > maxElements) {
    return { dataType, dims, data: new Uint8Array() };
  }
  if (wire.segment !== undefined) {
    throw new EffvitError('BAD_MODEL', `${place} is stored in segments, which nothing writes any more.`);
  }
  const count = elementCount(dims, place);
  // TensorProto.DataLocation: 0 is DEFAULT, 1 is EXTERNAL.
  if (wire.dataLocation === 1) {
    const lengthBytes = rawByteLength(dataType, count);
    if (dataType === 'string') {
      throw new EffvitError(
        'BAD_MODEL',
        `${place} keeps strings in external data, which ONNX does not allow.`,
      );
    }
    const entry = externalPlace(wire, place, lengthBytes);
    return { dataType, dims, data: dataFromRaw(dataType, loadExternal(entry, wire.name ?? '')) };
  }
  if (wire.rawData !== undefined && dataType !== 'string') {
    expectLength(place, dims, 'bytes', wire.rawData.length, rawByteLength(dataType, count));
    return { dataType, dims, data: dataFromRaw(dataType, wire.rawData) };
  }
  return { dataType, dims, data: typedData(wire, dataType, dims, count, place) };
}

function externalPlace(wire: Wire<'Tensor'>, place: string, expectedBytes: number): ExternalDataPlace {
  const entries = new Map((wire.externalData ?? []).map((entry) => [entry.key ?? '', entry.value ?? '']));
  const location = entries.get('location');
  if (location === undefined || location === '') {
    throw new EffvitError('BAD_MODEL', `${place} says that its data is external, but not where.`);
  }
  const offsetBytes = Number(entries.get('offset') ?? '0');
  const lengthBytes = Number(entries.get('length') ?? expectedBytes);
  if (!Number.isSafeInteger(offsetBytes) || offsetBytes < 0 || lengthBytes !== expectedBytes) {
    throw new EffvitError(
      'BAD_MODEL',
      `${place} refers to ${entries.get('length') ?? expectedBytes} bytes at offset ${entries.get('offset') ?? 0} of ` +
        `${JSON.stringify(location)}, but its shape and type need ${expectedBytes}.`,
    );
  }
  return { location, offsetBytes, lengthBytes };
}

function expectLength(
  place: string,
  dims: readonly number[],
  unit: string,
  received: number,
  expected: number,
): void {
  if (received !== expected) {
    throw new EffvitError(
      'BAD_MODEL',
      `${place} of shape [${dims.join(', ')}] needs ${expected} ${unit} but holds ${received}.`,
    );
  }
}

/** The typed fields: each element type has one of them, narrow types one int32 an element (or packed byte). */
function typedData(
  wire: Wire<'Tensor'>,
  dataType: OnnxDataType,
  dims: readonly number[],
  count: number,
  place: string,
): OnnxTensorData {
  const check = <T extends { readonly length: number }>(
    values: T | undefined,
    perElement = 1,
  ): T | never[] => {
    expectLength(place, dims, 'values', values?.length ?? 0, Math.ceil(perElement * count));
    return values ?? [];
  };
  switch (dataType) {
    case 'float32':
      return Float32Array.from(check(wire.floatData));
    case 'complex64':
      return Float32Array.from(check(wire.floatData, 2));
    case 'float64':
      return Float64Array.from(check(wire.doubleData));
    case 'complex128':
      return Float64Array.from(check(wire.doubleData, 2));
    case 'int64':
      return BigInt64Array.from(check(wire.int64Data), toBigInt);
    case 'uint64':
      return BigUint64Array.from(check(wire.uint64Data), toBigInt);
    case 'uint32':
      return Uint32Array.from(check(wire.uint64Data), (value) => Number(fromWireInt(value)));
    case 'string':
      // A slice would retain the whole file in memory.
      return check(wire.stringData).map((bytes) => new Uint8Array(bytes));
    default: {
      const { array, bits } = ELEMENT_TYPES[dataType];
      // Elements below a byte are packed.
      return array.from(check(wire.int32Data, Math.min(1, bits / 8)));
    }
  }
}

function toBigInt(value: WireInt): bigint {
  return BigInt(fromWireInt(value));
}
