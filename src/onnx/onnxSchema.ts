import protobuf from 'protobufjs/light.js';

/**
 * The wire format of ONNX, as the ONNX intermediate representation numbers its fields (IR version 3 to 11),
 * given to protobufjs as data. Messages that this package passes through unchanged (functions,
 * training info, sparse tensors, non-tensor types) are declared as bytes, which have the same wire format.
 */
const field = <const Type extends string>(type: Type, id: number) => ({ type, id });
const repeated = <const Type extends string>(type: Type, id: number) =>
  ({ rule: 'repeated', type, id }) as const;
// `packed` is off by default in proto2, which ONNX uses; its typed data fields turn it on.
const packed = <const Type extends string>(type: Type, id: number) =>
  ({ ...repeated(type, id), options: { packed: true } }) as const;

const MESSAGES = {
  Entry: { key: field('string', 1), value: field('string', 2) },
  Opset: { domain: field('string', 1), version: field('int64', 2) },
  Dimension: {
    value: field('int64', 1),
    param: field('string', 2),
    denotation: field('string', 3),
  },
  Shape: { dim: repeated('Dimension', 1) },
  TensorType: { elemType: field('int32', 1), shape: field('Shape', 2) },
  TypeProto: {
    tensorType: field('TensorType', 1),
    sequenceType: field('bytes', 4),
    mapType: field('bytes', 5),
    denotation: field('string', 6),
    opaqueType: field('bytes', 7),
    sparseTensorType: field('bytes', 8),
    optionalType: field('bytes', 9),
  },
  ValueInfo: {
    name: field('string', 1),
    type: field('bytes', 2),
    docString: field('string', 3),
  },
  Tensor: {
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
  },
  Attribute: {
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
  },
  Node: {
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
  },
  Graph: {
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
  },
  Model: {
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
  },
};

const root = protobuf.Root.fromJSON({
  nested: Object.fromEntries(
    Object.entries(MESSAGES).map(([name, fields]) => [name, { edition: 'proto2', fields }]),
  ),
});

/** An int64 as protobufjs reads and writes it; it takes no bigint. */
export type WireInt = WireLong | number;

interface WireLong {
  toBigInt(): bigint;
}

const Long = protobuf.util.Long as unknown as {
  fromBigInt(value: bigint, isUnsigned?: boolean): WireLong;
};

type Messages = typeof MESSAGES;

interface ScalarTypes {
  string: string;
  bytes: Uint8Array;
  int32: number;
  int64: WireInt;
  uint64: WireInt;
  float: number;
  double: number;
}

type SingleValue<Type> = Type extends keyof ScalarTypes
  ? ScalarTypes[Type]
  : Type extends keyof Messages
    ? Wire<Type>
    : never;

type FieldValue<Field> = Field extends { rule: 'repeated'; type: infer Type }
  ? SingleValue<Type> extends number
    ? ArrayLike<number>
    : readonly SingleValue<Type>[]
  : Field extends { type: infer Type }
    ? SingleValue<Type>
    : never;

/** A decoded message of the schema; every field may be absent. */
export type Wire<Name extends keyof Messages> = {
  [Field in keyof Messages[Name]]?: FieldValue<Messages[Name][Field]> | undefined;
};

/** Bytes to one message and back. `decode` throws whatever protobufjs throws on bad bytes. */
export interface WireCodec<T extends object> {
  decode(bytes: Uint8Array): T;
  encode(message: T): Uint8Array;
}

function codec<Name extends keyof Messages>(name: Name): WireCodec<Wire<Name>> {
  const type = root.lookupType(name);
  dropDefaults(type);
  return {
    decode: (bytes) => type.decode(bytes) as unknown as Wire<Name>,
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

export const modelCodec: WireCodec<Wire<'Model'>> = codec('Model');
export const attributeCodec: WireCodec<Wire<'Attribute'>> = codec('Attribute');
export const typeCodec: WireCodec<Wire<'TypeProto'>> = codec('TypeProto');

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
