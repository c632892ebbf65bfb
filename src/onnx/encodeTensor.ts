import { EffvitError } from '../core/EffvitError.js';
import { dataTypeCode } from './OnnxDataType.js';
import type { OnnxTensor } from './OnnxModel.js';
import { toWireInt, type Wire } from './onnxSchema.js';
import { elementCount, rawByteLength } from './onnxTensors.js';

/** Stores a tensor's bytes in the external file and returns their location; null leaves them in the model. */
export type ExternalDataSink = (bytes: Uint8Array) => { location: string; offsetBytes: number } | null;

/** A tensor as raw_data (strings as string_data, the only form they have), or as a place in another file. */
export function encodeTensor(
  name: string,
  tensor: OnnxTensor,
  sink: ExternalDataSink | null,
): Wire<'Tensor'> {
  const { dataType, dims, data } = tensor;
  const wire: Wire<'Tensor'> = { dims: dims.map(toWireInt), dataType: dataTypeCode(dataType) };
  if (name !== '') wire.name = name;
  const count = elementCount(dims, `Tensor ${JSON.stringify(name)}`);
  if (dataType === 'string') {
    if (!Array.isArray(data) || data.length !== count) throw misfit(name, tensor);
    wire.stringData = data as readonly Uint8Array[];
    return wire;
  }
  if (!ArrayBuffer.isView(data) || data.byteLength !== rawByteLength(dataType, count)) {
    throw misfit(name, tensor);
  }
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const place = sink?.(bytes) ?? null;
  if (place === null) {
    wire.rawData = bytes;
  } else {
    wire.dataLocation = 1;
    wire.externalData = [
      { key: 'location', value: place.location },
      { key: 'offset', value: String(place.offsetBytes) },
      { key: 'length', value: String(bytes.length) },
    ];
  }
  return wire;
}

function misfit(name: string, tensor: OnnxTensor): EffvitError {
  return new EffvitError(
    'BAD_MODEL',
    `Tensor ${JSON.stringify(name)} of ${tensor.dataType} [${tensor.dims.join(', ')}] does not fit its data ` +
      `(${tensor.data.length} elements of ${tensor.data.constructor.name}).`,
    { context: { graphName: name } },
  );
}
