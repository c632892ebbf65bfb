import { EffvitError } from '../core/EffvitError.js';
import { writeFileAtomic } from '../core/writeFileAtomic.js';
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxValueInfo } from './OnnxModel.js';
import { ELEMENT_TYPES, elementCount, type OnnxTensor, rawByteLength } from './OnnxTensor.js';
import { attributeCodec, modelCodec, toWireInt, typeCodec, type Wire } from './onnxSchema.js';

/** Protobuf readers refuse messages of 2 GiB. */
const LARGEST_FILE_BYTES = 2 ** 31 - 1;

/** Counts the bytes of a constant. @throws EffvitError BAD_MODEL if the file would become too large */
type Count = (bytes: Uint8Array) => void;

/** Writes the model, whole or not at all. @throws EffvitError BAD_MODEL, IO_FAILED */
export async function writeOnnx(path: string, model: OnnxModel): Promise<void> {
  await writeFileAtomic(path, serializeOnnx(model));
}

/**
 * A model as the bytes of an .onnx file; constants are written as raw_data. Empty texts are left out.
 *
 * @throws EffvitError BAD_MODEL if a tensor does not fit its shape, or the file would reach 2 GiB
 */
export function serializeOnnx(model: OnnxModel): Uint8Array {
  let heldBytes = 0;
  const count: Count = ({ length }) => {
    heldBytes += length;
    if (heldBytes <= LARGEST_FILE_BYTES) return;
    throw new EffvitError('BAD_MODEL', 'The model has 2 GiB or more of constants: an .onnx file holds less.');
  };
  return modelCodec.encode({
    irVersion: toWireInt(model.irVersion),
    producerName: model.producerName || undefined,
    producerVersion: model.producerVersion || undefined,
    domain: model.domain || undefined,
    modelVersion: model.modelVersion === 0 ? undefined : toWireInt(model.modelVersion),
    docString: model.docString || undefined,
    graph: encodeGraph(model.graph, count),
    opsetImport: model.opsets.map(({ domain, version }) => ({ domain, version: toWireInt(version) })),
    metadataProps: entries(model.metadata),
    ...model.opaque,
  });
}

function entries(map: ReadonlyMap<string, string>): Wire<'Entry'>[] {
  return Array.from(map, ([key, value]) => ({ key, value }));
}

function encodeGraph(graph: OnnxGraph, count: Count): Wire<'Graph'> {
  return {
    node: graph.nodes.map((node) => encodeNode(node, count)),
    name: graph.name || undefined,
    initializer: Array.from(graph.initializers, ([name, tensor]) => encodeTensor(name, tensor, count)),
    docString: graph.docString || undefined,
    input: graph.inputs.map(encodeValueInfo),
    output: graph.outputs.map(encodeValueInfo),
    valueInfo: Array.from(graph.valueInfo.values(), encodeValueInfo),
    metadataProps: entries(graph.metadata),
    ...graph.opaque,
  };
}

function encodeNode(node: OnnxNode, count: Count): Wire<'Node'> {
  return {
    input: node.inputs,
    output: node.outputs,
    name: node.name || undefined,
    opType: node.opType || undefined,
    attribute: Array.from(node.attributes, ([name, attribute]) =>
      attribute.type === 'opaque'
        ? attribute.bytes
        : attributeCodec.encode({ name, ...encodeAttribute(attribute, count) }),
    ),
    docString: node.docString || undefined,
    domain: node.domain || undefined,
    overload: node.overload || undefined,
    metadataProps: entries(node.metadata),
  };
}

/** Types are numbered by AttributeProto.AttributeType. */
function encodeAttribute(
  attribute: Exclude<OnnxAttribute, { type: 'opaque' }>,
  count: Count,
): Wire<'Attribute'> {
  switch (attribute.type) {
    case 'float':
      return { type: 1, f: attribute.value };
    case 'int':
      return { type: 2, i: toWireInt(attribute.value) };
    case 'string':
      return { type: 3, s: Buffer.from(attribute.value) };
    case 'tensor':
      return { type: 4, t: encodeTensor('', attribute.value, count) };
    case 'graph':
      return { type: 5, g: encodeGraph(attribute.value, count) };
    case 'floats':
      return { type: 6, floats: attribute.value };
    case 'ints':
      return { type: 7, ints: attribute.value.map(toWireInt) };
    case 'strings':
      return { type: 8, strings: attribute.value.map((value) => Buffer.from(value)) };
    case 'tensors':
      return { type: 9, tensors: attribute.value.map((value) => encodeTensor('', value, count)) };
    case 'graphs':
      return { type: 10, graphs: attribute.value.map((value) => encodeGraph(value, count)) };
  }
}

/** A tensor as raw_data; strings as string_data, the only form they have. */
function encodeTensor(name: string, tensor: OnnxTensor, count: Count): Wire<'Tensor'> {
  const { dataType, dims, data } = tensor;
  const wire = { dims: dims.map(toWireInt), dataType: ELEMENT_TYPES[dataType].code, name: name || undefined };
  const elements = elementCount(dims, `Tensor ${JSON.stringify(name)}`);
  if (ArrayBuffer.isView(data)) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    count(bytes);
    if (dataType !== 'string' && bytes.length === rawByteLength(dataType, elements)) {
      return { ...wire, rawData: bytes };
    }
  } else if (dataType === 'string' && data.length === elements) {
    return { ...wire, stringData: data };
  }
  throw new EffvitError(
    'BAD_MODEL',
    `Tensor ${JSON.stringify(name)} of ${dataType} [${dims.join(', ')}] does not fit its data ` +
      `(${data.length} elements of ${data.constructor.name}).`,
    { context: { graphName: name } },
  );
}

function encodeValueInfo({ name, docString, opaqueType, dataType, shape }: OnnxValueInfo): Wire<'ValueInfo'> {
  const elemType = dataType === null ? 0 : ELEMENT_TYPES[dataType].code;
  const dim = shape?.map((length) =>
    typeof length === 'number' ? { value: toWireInt(length) } : { param: length ?? undefined },
  );
  const isUnknown = dataType === null && shape === null;
  const tensorType = { elemType, shape: dim && { dim } };
  return {
    name: name || undefined,
    docString: docString || undefined,
    type: opaqueType ?? (isUnknown ? undefined : typeCodec.encode({ tensorType })),
  };
}
