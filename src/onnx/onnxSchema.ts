import protobuf from 'protobufjs/light.js';

/**
 * The wire format of ONNX, as the ONNX intermediate representation numbers its fields (IR version 3 to 11),
 * given to protobufjs as data. Messages that this package passes through unchanged (functions,
 * training info, sparse tensors, non-tensor types) are declared as bytes, which have the same wire format.
 */
const field = (type: string, id: number): protobuf.IField => ({ type, id });
const repeated = (type: string, id: number): protobuf.IField => ({ rule: 'repeated', type, id });
// `packed` is off by default in proto2, which ONNX uses; its typed data fields turn it on.
const packed = (type: string, id: number): protobuf.IField => ({
  rule: 'repeated',
  type,
  id,
  options: { packed: true },
});

const message = (fields: Record<string, protobuf.IField>): protobuf.IType & { edition: string } => ({
  edition: 'proto2',
  fields,
});

const root = protobuf.Root.fromJSON({
  nested: {
    Entry: message({ key: field('string', 1), value: field('string', 2) }),
    Opset: message({ domain: field('string', 1), version: field('int64', 2) }),
    Dimension: message({
      value: field('int64', 1),
      param: field('string', 2),
      denotation: field('string', 3),
    }),
    Shape: message({ dim: repeated('Dimension', 1) }),
    TensorType: message({ elemType: field('int32', 1), shape: field('Shape', 2) }),
    TypeProto: message({
      tensorType: field('TensorType', 1),
      sequenceType: field('bytes', 4),
      mapType: field('bytes', 5),
      denotation: field('string', 6),
      opaqueType: field('bytes', 7),
      sparseTensorType: field('bytes', 8),
      optionalType: field('bytes', 9),
    }),
    ValueInfo: message({
      name: field('string', 1),
      type: field('bytes', 2),
      docString: field('string', 3),
    }),
    Tensor: message({
      dims: repeated('int64', 1),
      dataType: field('int32', 2),
      segment: field('bytes', 3),
      floatData: packed('float', 4),
      int32Data: packed('int32', 5),
      stringData: repeated('bytes', 6),
      int64Data: packed('int64', 7),
      name: field('string', 8),
      rawData: field('bytes', 9),
      doubleData: packed('double', 10),
      uint64Data: packed('uint64', 11),
      docString: field('string', 12),
      externalData: repeated('Entry', 13),
      dataLocation: field('int32', 14),
    }),
    Attribute: message({
      name: field('string', 1),
      f: field('float', 2),
      i: field('int64', 3),
      s: field('bytes', 4),
      t: field('Tensor', 5),
      g: field('Graph', 6),
      floats: repeated('float', 7),
      ints: repeated('int64', 8),
      strings: repeated('bytes', 9),
      tensors: repeated('Tensor', 10),
      graphs: repeated('Graph', 11),
      docString: field('string', 13),
      typeProto: field('bytes', 14),
      typeProtos: repeated('bytes', 15),
      type: field('int32', 20),
      refAttrName: field('string', 21),
      sparseTensor: field('bytes', 22),
      sparseTensors: repeated('bytes', 23),
    }),
    Node: message({
      input: repeated('string', 1),
      output: repeated('string', 2),
      name: field('string', 3),
      opType: field('string', 4),
      // Decoded one by one; kinds that are not interpreted keep their bytes.
      attribute: repeated('bytes', 5),
      docString: field('string', 6),
      domain: field('string', 7),
      overload: field('string', 8),
      metadataProps: repeated('Entry', 9),
    }),
    Graph: message({
      node: repeated('Node', 1),
      name: field('string', 2),
      initializer: repeated('Tensor', 5),
      docString: field('string', 10),
      input: repeated('ValueInfo', 11),
      output: repeated('ValueInfo', 12),
      valueInfo: repeated('ValueInfo', 13),
      quantizationAnnotation: repeated('bytes', 14),
      sparseInitializer: repeated('bytes', 15),
      metadataProps: repeated('Entry', 16),
    }),
    Model: message({
      irVersion: field('int64', 1),
      producerName: field('string', 2),
      producerVersion: field('string', 3),
      domain: field('string', 4),
      modelVersion: field('int64', 5),
      docString: field('string', 6),
      graph: field('Graph', 7),
      opsetImport: repeated('Opset', 8),
      metadataProps: repeated('Entry', 14),
      trainingInfo: repeated('bytes', 20),
      functions: repeated('bytes', 25),
      configuration: repeated('bytes', 26),
    }),
  },
});

/** An int64 as protobufjs reads and writes it; it takes no bigint. */
export type WireInt = WireLong | number;

interface WireLong {
  toBigInt(): bigint;
}

const Long = protobuf.util.Long as unknown as {
  fromBigInt(value: bigint, isUnsigned?: boolean): WireLong;
};

export interface WireEntry {
  key?: string;
  value?: string;
}

export interface WireTensor {
  dims?: WireInt[];
  dataType?: number;
  segment?: Uint8Array;
  floatData?: ArrayLike<number>;
  int32Data?: ArrayLike<number>;
  stringData?: readonly Uint8Array[];
  int64Data?: WireInt[];
  name?: string;
  rawData?: Uint8Array;
  doubleData?: ArrayLike<number>;
  uint64Data?: WireInt[];
  docString?: string;
  externalData?: WireEntry[];
  dataLocation?: number;
}

export interface WireAttribute {
  name?: string;
  f?: number;
  i?: WireInt;
  s?: Uint8Array;
  t?: WireTensor;
  g?: WireGraph;
  floats?: ArrayLike<number>;
  ints?: WireInt[];
  strings?: Uint8Array[];
  tensors?: WireTensor[];
  graphs?: WireGraph[];
  type?: number;
  refAttrName?: string;
}

export interface WireNode {
  input?: string[];
  output?: string[];
  name?: string;
  opType?: string;
  attribute?: Uint8Array[];
  docString?: string;
  domain?: string;
  overload?: string;
  metadataProps?: WireEntry[];
}

export interface WireType {
  tensorType?: {
    elemType?: number;
    shape?: { dim?: { value?: WireInt; param?: string }[] };
  };
}

export interface WireValueInfo {
  name?: string;
  type?: Uint8Array;
  docString?: string;
}

export interface WireGraph {
  node?: WireNode[];
  name?: string;
  initializer?: WireTensor[];
  docString?: string;
  input?: WireValueInfo[];
  output?: WireValueInfo[];
  valueInfo?: WireValueInfo[];
  metadataProps?: WireEntry[];
  quantizationAnnotation?: Uint8Array[];
  sparseInitializer?: Uint8Array[];
}

export interface WireModel {
  irVersion?: WireInt;
  producerName?: string;
  producerVersion?: string;
  domain?: string;
  modelVersion?: WireInt;
  docString?: string;
  graph?: WireGraph;
  opsetImport?: { domain?: string; version?: WireInt }[];
  metadataProps?: WireEntry[];
  trainingInfo?: Uint8Array[];
  functions?: Uint8Array[];
  configuration?: Uint8Array[];
}

/** Bytes to one message and back. `decode` throws whatever protobufjs throws on bad bytes. */
export interface WireCodec<T extends object> {
  decode(bytes: Uint8Array): T;
  encode(message: T): Uint8Array;
}

function codec<T extends object>(name: string): WireCodec<T> {
  const type = root.lookupType(name);
  dropDefaults(type);
  return {
    decode: (bytes) => type.decode(bytes) as unknown as T,
    encode: (content) => type.encode(content).finish(),
  };
}

/**
 * protobufjs puts each field's default on the message's prototype. ONNX distinguishes absent from empty fields, so the
 * defaults are removed.
 */
function dropDefaults(type: protobuf.Type): void {
  const prototype: object = type.ctor.prototype;
  for (const member of type.fieldsArray) {
    if (!Object.hasOwn(prototype, member.name)) continue;
    Reflect.deleteProperty(prototype, member.name);
    const inner = member.resolve().resolvedType;
    if (inner instanceof protobuf.Type) dropDefaults(inner);
  }
}

export const modelCodec: WireCodec<WireModel> = codec('Model');
export const attributeCodec: WireCodec<WireAttribute> = codec('Attribute');
export const typeCodec: WireCodec<WireType> = codec('TypeProto');

/** An int64 off the wire: a number while exact, else a bigint. */
export function fromWireInt(value: WireInt | undefined): number | bigint {
  if (value === undefined) return 0;
  if (typeof value === 'number') return value;
  const exact = value.toBigInt();
  const number = Number(exact);
  return Number.isSafeInteger(number) ? number : exact;
}

/** The inverse of {@link fromWireInt}. */
export function toWireInt(value: number | bigint): WireInt {
  return Long.fromBigInt(BigInt(value));
}

/** bigint values as protobufjs writes them. */
export function toWireInts(values: Iterable<bigint>, isUnsigned: boolean): WireInt[] {
  return Array.from(values, (value) => Long.fromBigInt(value, isUnsigned));
}
