import type { OnnxDataType } from './OnnxDataType.js';

/** Elements of a tensor; {@link OnnxDataType} says which array belongs to which type. */
export type OnnxTensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | readonly Uint8Array[];

/** A dense constant. `dims` is empty for a scalar; `data` is row-major. */
export interface OnnxTensor {
  readonly dataType: OnnxDataType;
  readonly dims: readonly number[];
  readonly data: OnnxTensorData;
}

/** An int64: a number while it is exact, a bigint beyond 2^53. */
export type OnnxInt = number | bigint;

export type OnnxAttribute =
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: OnnxInt }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'tensor'; readonly value: OnnxTensor }
  | { readonly type: 'graph'; readonly value: OnnxGraph }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'ints'; readonly value: readonly OnnxInt[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'tensors'; readonly value: readonly OnnxTensor[] }
  | { readonly type: 'graphs'; readonly value: readonly OnnxGraph[] }
  /** Sparse tensors, types and references inside functions: the bytes of the AttributeProto, kept as they are. */
  | { readonly type: 'opaque'; readonly bytes: Uint8Array };

export interface OnnxNode {
  opType: string;
  /** May be empty, and is not unique in every file. */
  name: string;
  /** Empty for the standard operators. */
  domain: string;
  /** Value names; an empty name is an optional input that is left out. */
  inputs: string[];
  outputs: string[];
  attributes: Map<string, OnnxAttribute>;
  docString: string;
  /** Overload of a model-local function; empty otherwise. */
  overload: string;
  metadata: Map<string, string>;
}

/** A length, a symbol such as `N`, or null if unknown. */
export type OnnxDim = number | string | null;

/** A graph input, output or intermediate value. */
export interface OnnxValueInfo {
  readonly name: string;
  /** Null if the value is no dense tensor, or its type is unknown. */
  readonly dataType: OnnxDataType | null;
  /** Null if not even the rank is known; an empty list is a scalar. */
  readonly shape: readonly OnnxDim[] | null;
  /** TypeProto bytes of sequences, maps, optionals and sparse tensors, kept as they are. */
  readonly opaqueType?: Uint8Array;
  readonly docString?: string;
}

/** Fields that this package does not interpret: bytes by field number, written back unchanged. */
export type OpaqueFields = Readonly<Record<string, readonly Uint8Array[]>>;

export interface OnnxGraph {
  name: string;
  docString: string;
  nodes: OnnxNode[];
  /** Constants by name, in the file's order. */
  initializers: Map<string, OnnxTensor>;
  inputs: OnnxValueInfo[];
  outputs: OnnxValueInfo[];
  /** Shapes of intermediate values, by name. */
  valueInfo: Map<string, OnnxValueInfo>;
  metadata: Map<string, string>;
  opaque: OpaqueFields;
}

export interface OnnxOpset {
  /** Empty for the standard operators. */
  readonly domain: string;
  readonly version: number;
}

/** A whole model in memory, to be read, changed and written. */
export interface OnnxModel {
  irVersion: number;
  producerName: string;
  producerVersion: string;
  domain: string;
  modelVersion: OnnxInt;
  docString: string;
  opsets: OnnxOpset[];
  metadata: Map<string, string>;
  graph: OnnxGraph;
  opaque: OpaqueFields;
}

/** An empty graph. */
export function emptyGraph(name: string): OnnxGraph {
  return {
    name,
    docString: '',
    nodes: [],
    initializers: new Map(),
    inputs: [],
    outputs: [],
    valueInfo: new Map(),
    metadata: new Map(),
    opaque: {},
  };
}

/** A node of the standard domain; `domain` and `docString` may be set afterwards. */
export function makeNode(
  opType: string,
  name: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, OnnxAttribute>> = {},
): OnnxNode {
  return {
    opType,
    name,
    domain: '',
    inputs: [...inputs],
    outputs: [...outputs],
    attributes: new Map(Object.entries(attributes)),
    docString: '',
    overload: '',
    metadata: new Map(),
  };
}

/** The version of the standard operators, or null if the model imports none. */
export function standardOpset(model: OnnxModel): number | null {
  return model.opsets.find((opset) => opset.domain === '' || opset.domain === 'ai.onnx')?.version ?? null;
}
