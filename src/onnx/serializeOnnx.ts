import { EffvitError } from '../core/EffvitError.js';
import { type ExternalDataSink, encodeTensor } from './encodeTensor.js';
import { dataTypeCode } from './OnnxDataType.js';
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxValueInfo } from './OnnxModel.js';
import { attributeCodec, modelCodec, toWireInt, typeCodec, type Wire } from './onnxSchema.js';

/** Protobuf readers refuse messages of 2 GiB. */
const LARGEST_FILE_BYTES = 2 ** 31 - 1;

/**
 * A model as the bytes of an .onnx file; constants are written as raw_data, or handed to `sink`.
 *
 * @throws EffvitError BAD_MODEL if a tensor does not fit its shape, or the file would reach 2 GiB
 */
export function serializeOnnx(model: OnnxModel, sink: ExternalDataSink | null = null): Uint8Array {
  let heldBytes = 0;
  const counted: ExternalDataSink = (bytes) => {
    const place = sink?.(bytes) ?? null;
    if (place === null) heldBytes += bytes.length;
    if (heldBytes > LARGEST_FILE_BYTES) {
      throw new EffvitError(
        'BAD_MODEL',
        'The model has 2 GiB or more of constants: write it with external data.',
      );
    }
    return place;
  };
  const wire: Wire<'Model'> = {
    irVersion: toWireInt(model.irVersion),
    ...text('producerName', model.producerName),
    ...text('producerVersion', model.producerVersion),
    ...text('domain', model.domain),
    ...(model.modelVersion === 0 ? {} : { modelVersion: toWireInt(model.modelVersion) }),
    ...text('docString', model.docString),
    graph: encodeGraph(model.graph, counted),
    opsetImport: model.opsets.map(({ domain, version }) => ({ domain, version: toWireInt(version) })),
    metadataProps: entries(model.metadata),
    ...model.opaque,
  };
  return modelCodec.encode(wire);
}

/** A string field, left out if it is empty. */
function text<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined || value === '' ? {} : ({ [key]: value } as Record<K, string>);
}

function entries(map: ReadonlyMap<string, string>): Wire<'Entry'>[] {
  return Array.from(map, ([key, value]) => ({ key, value }));
}

function encodeGraph(graph: OnnxGraph, sink: ExternalDataSink): Wire<'Graph'> {
  return {
    node: graph.nodes.map((node) => encodeNode(node, sink)),
    ...text('name', graph.name),
    initializer: Array.from(graph.initializers, ([name, tensor]) => encodeTensor(name, tensor, sink)),
    ...text('docString', graph.docString),
    input: graph.inputs.map(encodeValueInfo),
    output: graph.outputs.map(encodeValueInfo),
    valueInfo: Array.from(graph.valueInfo.values(), encodeValueInfo),
    metadataProps: entries(graph.metadata),
    ...graph.opaque,
  };
}

function encodeNode(node: OnnxNode, sink: ExternalDataSink): Wire<'Node'> {
  return {
    input: node.inputs,
    output: node.outputs,
    ...text('name', node.name),
    ...text('opType', node.opType),
    attribute: Array.from(node.attributes, ([name, attribute]) =>
      attribute.type === 'opaque'
        ? attribute.bytes
        : attributeCodec.encode(encodeAttribute(name, attribute, sink)),
    ),
    ...text('docString', node.docString),
    ...text('domain', node.domain),
    ...text('overload', node.overload),
    metadataProps: entries(node.metadata),
  };
}

function encodeAttribute(
  name: string,
  attribute: Exclude<OnnxAttribute, { type: 'opaque' }>,
  sink: ExternalDataSink,
): Wire<'Attribute'> {
  switch (attribute.type) {
    case 'float':
      return { name, type: 1, f: attribute.value };
    case 'int':
      return { name, type: 2, i: toWireInt(attribute.value) };
    case 'string':
      return { name, type: 3, s: Buffer.from(attribute.value) };
    case 'tensor':
      return { name, type: 4, t: encodeTensor('', attribute.value, sink) };
    case 'graph':
      return { name, type: 5, g: encodeGraph(attribute.value, sink) };
    case 'floats':
      return { name, type: 6, floats: attribute.value };
    case 'ints':
      return { name, type: 7, ints: attribute.value.map(toWireInt) };
    case 'strings':
      return { name, type: 8, strings: attribute.value.map((value) => Buffer.from(value)) };
    case 'tensors':
      return { name, type: 9, tensors: attribute.value.map((value) => encodeTensor('', value, sink)) };
    case 'graphs':
      return { name, type: 10, graphs: attribute.value.map((value) => encodeGraph(value, sink)) };
  }
}

function encodeValueInfo(value: OnnxValueInfo): Wire<'ValueInfo'> {
  const base = { ...text('name', value.name), ...text('docString', value.docString) };
  if (value.opaqueType !== undefined) return { ...base, type: value.opaqueType };
  if (value.dataType === null && value.shape === null) return base;
  const shape =
    value.shape === null
      ? {}
      : {
          shape: {
            dim: value.shape.map((length) => {
              if (length === null) return {};
              return typeof length === 'number' ? { value: toWireInt(length) } : { param: length };
            }),
          },
        };
  const elemType = value.dataType === null ? 0 : dataTypeCode(value.dataType);
  return { ...base, type: typeCodec.encode({ tensorType: { elemType, ...shape } }) };
}
