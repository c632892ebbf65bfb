import { EffvitError } from '../core/EffvitError.js';
import type { OnnxDataType, OnnxTensor } from './OnnxTensor.js';

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

export function intAttr(value: number | bigint): OnnxAttribute {
  return { type: 'int', value };
}

export function intsAttr(value: readonly number[]): OnnxAttribute {
  return { type: 'ints', value };
}

export function floatAttr(value: number): OnnxAttribute {
  return { type: 'float', value };
}

/** The attribute as a number, or `fallback` where the node has none. @throws EffvitError BAD_MODEL for another type */
export function getInt(node: OnnxNode, name: string, fallback: number): number {
  return Number(attributeOf(node, name, 'int')?.value ?? fallback);
}

/** As {@link getInt}, for a list. */
export function getInts(node: OnnxNode, name: string, fallback: readonly number[]): readonly number[] {
  return attributeOf(node, name, 'ints')?.value.map(Number) ?? fallback;
}

/** As {@link getInt}, for a float. */
export function getFloat(node: OnnxNode, name: string, fallback: number): number {
  return attributeOf(node, name, 'float')?.value ?? fallback;
}

/** As {@link getInt}, for a string. */
export function getString(node: OnnxNode, name: string, fallback: string): string {
  return attributeOf(node, name, 'string')?.value ?? fallback;
}

/** The attribute's tensor, or null if the node has none. */
export function getTensor(node: OnnxNode, name: string): OnnxTensor | null {
  return attributeOf(node, name, 'tensor')?.value ?? null;
}

function attributeOf<T extends OnnxAttribute['type']>(
  node: OnnxNode,
  name: string,
  type: T,
): Extract<OnnxAttribute, { type: T }> | undefined {
  const attribute = node.attributes.get(name);
  if (attribute === undefined || attribute.type === type) {
    return attribute as Extract<OnnxAttribute, { type: T }> | undefined;
  }
  throw new EffvitError(
    'BAD_MODEL',
    `Expected ${type} for attribute ${name} of ${node.opType} node ${JSON.stringify(node.name)} but received ${attribute.type}.`,
    { context: { graphName: node.name } },
  );
}
