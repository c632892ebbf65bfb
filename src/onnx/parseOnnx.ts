import { EffvitError, fileError } from '../core/EffvitError.js';
import { type DecodeOptions, decodeTensor } from './decodeTensor.js';
import type {
  OnnxAttribute,
  OnnxDim,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxValueInfo,
  OpaqueFields,
} from './OnnxModel.js';
import { dataTypeFromCode } from './OnnxTensor.js';
import { attributeCodec, fromWireInt, modelCodec, typeCodec, type Wire } from './onnxSchema.js';

/** Far more than any real model has; protects the stack from hostile files. */
const DEEPEST_SUBGRAPH = 64;

interface Context extends DecodeOptions {
  readonly depth: number;
}

export interface ParseOnnxOptions extends Partial<DecodeOptions> {
  /** Name of the bytes in error messages; a file's path. */
  readonly place?: string;
}

/**
 * Decodes a whole ONNX model. Constants are copied out, so `bytes` can be released. Without `loadExternal`, a model with
 * external data is refused.
 *
 * @throws EffvitError BAD_MODEL for anything that is no ONNX model, or contradicts itself
 */
export function parseOnnx(bytes: Uint8Array, options: ParseOnnxOptions = {}): OnnxModel {
  const {
    place = 'The buffer',
    loadExternal = refuseExternal,
    maxElements = Number.POSITIVE_INFINITY,
  } = options;
  let wire: Wire<'Model'>;
  try {
    wire = modelCodec.decode(bytes);
  } catch (error) {
    throw fileError('BAD_MODEL', place, 'is not an ONNX model: its protobuf cannot be decoded', error);
  }
  const irVersion = Number(fromWireInt(wire.irVersion));
  if (wire.graph === undefined || irVersion < 1) {
    throw fileError('BAD_MODEL', place, 'is not an ONNX model: it has no graph or no IR version');
  }
  try {
    return {
      irVersion,
      producerName: wire.producerName ?? '',
      producerVersion: wire.producerVersion ?? '',
      domain: wire.domain ?? '',
      modelVersion: fromWireInt(wire.modelVersion),
      docString: wire.docString ?? '',
      opsets: (wire.opsetImport ?? []).map((opset) => ({
        domain: opset.domain ?? '',
        version: Number(fromWireInt(opset.version)),
      })),
      metadata: entries(wire.metadataProps),
      graph: decodeGraph(wire.graph, { loadExternal, maxElements, depth: 0 }),
      opaque: opaqueFields(wire, ['trainingInfo', 'functions', 'configuration']),
    };
  } catch (error) {
    // Only this layer knows the file; the inner ones know the tensor or node.
    if (error instanceof EffvitError) {
      throw new EffvitError(error.code, `${place} cannot be read: ${error.message}`, {
        context: { ...error.context, file: place },
        cause: error,
      });
    }
    throw fileError('BAD_MODEL', place, 'is not a whole ONNX model: an inner message is broken', error);
  }
}

function refuseExternal(): never {
  throw new EffvitError(
    'BAD_MODEL',
    'it keeps constants in another file: read it from its folder by its path.',
  );
}

function entries(wire: readonly Wire<'Entry'>[] | undefined): Map<string, string> {
  return new Map((wire ?? []).map((entry) => [entry.key ?? '', entry.value ?? '']));
}

function opaqueFields<K extends string>(
  wire: { readonly [Name in K]?: readonly Uint8Array[] | undefined },
  names: readonly K[],
): OpaqueFields {
  const kept: Record<string, Uint8Array[]> = {};
  for (const name of names) {
    const list = wire[name];
    if (list !== undefined && list.length > 0) kept[name] = list.map((bytes) => new Uint8Array(bytes));
  }
  return kept;
}

function decodeGraph(wire: Wire<'Graph'>, context: Context): OnnxGraph {
  if (context.depth > DEEPEST_SUBGRAPH) {
    throw new EffvitError('BAD_MODEL', `its graphs are nested more than ${DEEPEST_SUBGRAPH} deep.`);
  }
  const initializers: OnnxGraph['initializers'] = new Map();
  for (const tensor of wire.initializer ?? []) {
    const name = tensor.name ?? '';
    if (initializers.has(name)) {
      throw new EffvitError('BAD_MODEL', `two initializers are named ${JSON.stringify(name)}.`, {
        context: { graphName: name },
      });
    }
    initializers.set(name, decodeTensor(tensor, context));
  }
  return {
    name: wire.name ?? '',
    docString: wire.docString ?? '',
    nodes: (wire.node ?? []).map((node) => decodeNode(node, context)),
    initializers,
    inputs: (wire.input ?? []).map(decodeValueInfo),
    outputs: (wire.output ?? []).map(decodeValueInfo),
    valueInfo: new Map((wire.valueInfo ?? []).map((value) => [value.name ?? '', decodeValueInfo(value)])),
    metadata: entries(wire.metadataProps),
    opaque: opaqueFields(wire, ['quantizationAnnotation', 'sparseInitializer']),
  };
}

function decodeNode(wire: Wire<'Node'>, context: Context): OnnxNode {
  const attributes: OnnxNode['attributes'] = new Map();
  for (const bytes of wire.attribute ?? []) {
    const attribute = attributeCodec.decode(bytes);
    const decode = attribute.refAttrName ? undefined : ATTRIBUTE_DECODERS[attribute.type ?? 0];
    const decoded: OnnxAttribute = decode?.(attribute, context) ?? {
      type: 'opaque',
      bytes: new Uint8Array(bytes),
    };
    attributes.set(attribute.name ?? '', decoded);
  }
  return {
    opType: wire.opType ?? '',
    name: wire.name ?? '',
    domain: wire.domain ?? '',
    inputs: [...(wire.input ?? [])],
    outputs: [...(wire.output ?? [])],
    attributes,
    docString: wire.docString ?? '',
    overload: wire.overload ?? '',
    metadata: entries(wire.metadataProps),
  };
}

/** By AttributeProto.AttributeType; other types are opaque. */
const ATTRIBUTE_DECODERS: Readonly<
  Record<number, (wire: Wire<'Attribute'>, context: Context) => OnnxAttribute>
> = {
  1: ({ f = 0 }) => ({ type: 'float', value: f }),
  2: ({ i }) => ({ type: 'int', value: fromWireInt(i) }),
  3: ({ s = new Uint8Array() }) => ({ type: 'string', value: text(s) }),
  4: ({ t = {} }, context) => ({ type: 'tensor', value: decodeTensor(t, context) }),
  5: ({ g = {} }, context) => ({ type: 'graph', value: decodeGraph(g, deeper(context)) }),
  6: ({ floats = [] }) => ({ type: 'floats', value: Array.from(floats) }),
  7: ({ ints = [] }) => ({ type: 'ints', value: ints.map(fromWireInt) }),
  8: ({ strings = [] }) => ({ type: 'strings', value: strings.map(text) }),
  9: ({ tensors = [] }, context) => ({
    type: 'tensors',
    value: tensors.map((one) => decodeTensor(one, context)),
  }),
  10: ({ graphs = [] }, context) => ({
    type: 'graphs',
    value: graphs.map((one) => decodeGraph(one, deeper(context))),
  }),
};

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

const deeper = (context: Context): Context => ({ ...context, depth: context.depth + 1 });

function decodeValueInfo(wire: Wire<'ValueInfo'>): OnnxValueInfo {
  const base = { name: wire.name ?? '', docString: wire.docString ?? '' };
  if (wire.type === undefined) return { ...base, dataType: null, shape: null };
  const tensor = typeCodec.decode(wire.type).tensorType;
  if (tensor === undefined) {
    return { ...base, dataType: null, shape: null, opaqueType: new Uint8Array(wire.type) };
  }
  const code = tensor.elemType ?? 0;
  const shape = tensor.shape && (tensor.shape.dim ?? []).map(decodeDim);
  return {
    ...base,
    dataType: code === 0 ? null : dataTypeFromCode(code, `Value ${JSON.stringify(base.name)}`),
    shape: shape ?? null,
  };
}

function decodeDim({ value, param }: Wire<'Dimension'>): OnnxDim {
  return value === undefined ? param || null : Number(fromWireInt(value));
}
