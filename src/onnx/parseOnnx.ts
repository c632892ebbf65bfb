import { EffvitError, fileError } from '../core/EffvitError.js';
import { decodeTensor, type ExternalDataLoader } from './decodeTensor.js';
import { dataTypeFromCode } from './OnnxDataType.js';
import type {
  OnnxAttribute,
  OnnxDim,
  OnnxGraph,
  OnnxModel,
  OnnxNode,
  OnnxTensor,
  OnnxValueInfo,
  OpaqueFields,
} from './OnnxModel.js';
import { attributeCodec, fromWireInt, modelCodec, typeCodec, type Wire } from './onnxSchema.js';

/** Far more than any real model has; protects the stack from hostile files. */
const DEEPEST_SUBGRAPH = 64;

interface Context {
  readonly loadExternal: ExternalDataLoader;
  readonly maxElements: number;
  readonly depth: number;
}

export interface ParseOnnxOptions {
  /** Name of the bytes in error messages; a file's path. */
  readonly place?: string;
  /** Without one, a model with external data is refused. */
  readonly loadExternal?: ExternalDataLoader;
  /** Larger constants are returned without their data, for callers that need only the graph's structure. */
  readonly maxElements?: number;
}

/**
 * Decodes a whole ONNX model. Constants are copied out, so `bytes` can be released.
 *
 * @throws EffvitError BAD_MODEL for anything that is no ONNX model, or contradicts itself
 */
export function parseOnnx(bytes: Uint8Array, options: ParseOnnxOptions = {}): OnnxModel {
  const place = options.place ?? 'The buffer';
  const loadExternal = options.loadExternal ?? refuseExternal;
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
      graph: decodeGraph(wire.graph, {
        loadExternal,
        maxElements: options.maxElements ?? Number.POSITIVE_INFINITY,
        depth: 0,
      }),
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
  wire: Partial<Record<K, readonly Uint8Array[]>>,
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
    initializers.set(name, decodeConstant(tensor, context));
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

function decodeConstant(wire: Wire<'Tensor'>, { loadExternal, maxElements }: Context): OnnxTensor {
  const dims = (wire.dims ?? []).map((length) => Number(fromWireInt(length)));
  if (dims.reduce((count, length) => count * length, 1) <= maxElements)
    return decodeTensor(wire, loadExternal);
  return { dataType: dataTypeFromCode(wire.dataType ?? 0, 'A constant'), dims, data: new Uint8Array() };
}

function decodeNode(wire: Wire<'Node'>, context: Context): OnnxNode {
  const attributes: OnnxNode['attributes'] = new Map();
  for (const bytes of wire.attribute ?? []) {
    const attribute = attributeCodec.decode(bytes);
    attributes.set(attribute.name ?? '', decodeAttribute(attribute, bytes, context));
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

/** Cases are numbered by AttributeProto.AttributeType. */
function decodeAttribute(wire: Wire<'Attribute'>, bytes: Uint8Array, context: Context): OnnxAttribute {
  const inner: Context = { ...context, depth: context.depth + 1 };
  const text = (value: Uint8Array): string => Buffer.from(value).toString('utf8');
  if ((wire.refAttrName ?? '') === '') {
    switch (wire.type) {
      case 1:
        return { type: 'float', value: wire.f ?? 0 };
      case 2:
        return { type: 'int', value: fromWireInt(wire.i) };
      case 3:
        return { type: 'string', value: text(wire.s ?? new Uint8Array()) };
      case 4:
        return { type: 'tensor', value: decodeConstant(wire.t ?? {}, context) };
      case 5:
        return { type: 'graph', value: decodeGraph(wire.g ?? {}, inner) };
      case 6:
        return { type: 'floats', value: Array.from(wire.floats ?? []) };
      case 7:
        return { type: 'ints', value: (wire.ints ?? []).map(fromWireInt) };
      case 8:
        return { type: 'strings', value: (wire.strings ?? []).map(text) };
      case 9:
        return {
          type: 'tensors',
          value: (wire.tensors ?? []).map((tensor) => decodeConstant(tensor, context)),
        };
      case 10:
        return { type: 'graphs', value: (wire.graphs ?? []).map((g) => decodeGraph(g, inner)) };
      default:
        break;
    }
  }
  return { type: 'opaque', bytes: new Uint8Array(bytes) };
}

function decodeValueInfo(wire: Wire<'ValueInfo'>): OnnxValueInfo {
  const base = { name: wire.name ?? '', docString: wire.docString ?? '' };
  if (wire.type === undefined) return { ...base, dataType: null, shape: null };
  const tensor = typeCodec.decode(wire.type).tensorType;
  if (tensor === undefined) {
    return { ...base, dataType: null, shape: null, opaqueType: new Uint8Array(wire.type) };
  }
  const code = tensor.elemType ?? 0;
  return {
    ...base,
    dataType: code === 0 ? null : dataTypeFromCode(code, `Value ${JSON.stringify(base.name)}`),
    shape:
      tensor.shape === undefined
        ? null
        : (tensor.shape.dim ?? []).map((dim): OnnxDim => {
            if (dim.value !== undefined) return Number(fromWireInt(dim.value));
            return dim.param === undefined || dim.param === '' ? null : dim.param;
          }),
  };
}
