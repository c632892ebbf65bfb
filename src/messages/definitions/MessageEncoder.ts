import { CdrWriter } from '@foxglove/cdr';
import { parse } from '@foxglove/rosmsg';
import { EffvitError } from '../../core/EffvitError.js';
import { messageDefinition } from './messageDefinition.js';

type Definition = ReturnType<typeof parse>[number];
type Field = Definition['definitions'][number];

type Layout = ReturnType<typeof layoutOf>;

const utf8 = new TextEncoder();

const INTEGERS: ReadonlySet<string> = new Set(['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32']);

/**
 * Serialises messages of one type to CDR, little endian, as ROS 2's middlewares do.
 *
 * Not done with @foxglove/rosmsg2-serialization, because it writes the length of a string in UTF-16 units, where CDR
 * requires bytes: a non-ASCII label would make the message unreadable.
 */
export class MessageEncoder {
  readonly type: string;
  readonly #root: Layout;
  readonly #layouts: ReadonlyMap<string, Layout>;

  /** @throws EffvitError NOT_FOUND: there is no definition of the type */
  constructor(type: string) {
    this.type = type;
    const definitions = parse(messageDefinition(type), { ros2: true });
    const [root] = definitions;
    if (root === undefined) throw new EffvitError('INTERNAL', `The definition of ${type} is empty.`);
    this.#root = layoutOf(root);
    this.#layouts = new Map(definitions.map((each) => [each.name ?? '', layoutOf(each)]));
  }

  /**
   * @param message Fields by their ROS names; 64-bit integers as bigint or safe integers; one that is left
   *   out is zero, empty or false.
   * @throws EffvitError BAD_ARGUMENT: a field is unknown, or its value does not fit its type
   */
  encode(message: object): Uint8Array {
    const writer = new CdrWriter();
    this.#message(writer, this.#root, message, this.type);
    return writer.data;
  }

  #message(writer: CdrWriter, { fields, names }: Layout, message: object, where: string): void {
    const values = message as Readonly<Record<string, unknown>>;
    for (const name of Object.keys(values)) {
      if (!names.has(name)) throw new EffvitError('BAD_ARGUMENT', `${where} has no field ${name}.`);
    }
    for (const field of fields) this.#field(writer, field, values[field.name], `${where}.${field.name}`);
  }

  #field(writer: CdrWriter, field: Field, value: unknown, where: string): void {
    if (field.isArray !== true) {
      this.#value(writer, field, value, where);
      return;
    }
    const values = value ?? new Array<unknown>(field.arrayLength ?? 0).fill(undefined);
    if (!Array.isArray(values) && !ArrayBuffer.isView(values)) throw misfit(where, 'an array', value);
    const items = values as ArrayLike<unknown>;
    if (field.arrayLength === undefined) writer.sequenceLength(items.length);
    else if (items.length !== field.arrayLength) throw misfit(where, `${field.arrayLength} values`, value);
    if (field.type === 'uint8' && items instanceof Uint8Array) {
      writer.uint8Array(items);
      return;
    }
    for (let at = 0; at < items.length; at++) this.#value(writer, field, items[at], `${where}[${at}]`);
  }

  #value(writer: CdrWriter, field: Field, value: unknown, where: string): void {
    if (field.isComplex === true) {
      const layout = this.#layouts.get(field.type);
      if (layout === undefined) throw new EffvitError('INTERNAL', `There is no definition of ${field.type}.`);
      if (value !== undefined && (typeof value !== 'object' || value === null)) {
        throw misfit(where, `a ${field.type}`, value);
      }
      this.#message(writer, layout, value ?? {}, where);
      return;
    }
    writePrimitive(writer, field.type, value, where);
  }
}

/** The fields of one message type, resolved for encoding. */
function layoutOf({ definitions }: Definition) {
  const fields = definitions.filter(({ isConstant }) => isConstant !== true);
  return { fields, names: new Set(fields.map(({ name }) => name)) };
}

function writePrimitive(writer: CdrWriter, type: string, value: unknown, where: string): void {
  switch (type) {
    case 'string': {
      if (value !== undefined && typeof value !== 'string') throw misfit(where, 'a string', value);
      const bytes = utf8.encode(value ?? '');
      writer.uint32(bytes.byteLength + 1);
      writer.uint8Array(bytes).uint8(0);
      return;
    }
    case 'bool':
      if (value !== undefined && typeof value !== 'boolean') throw misfit(where, 'true or false', value);
      writer.uint8(value === true ? 1 : 0);
      return;
    case 'float32':
    case 'float64':
      if (value !== undefined && typeof value !== 'number') throw misfit(where, 'a number', value);
      writer[type](value ?? 0);
      return;
    case 'int64':
    case 'uint64':
      writer[type](asBigInt(type, value ?? 0n, where));
      return;
    case 'time':
    case 'duration': {
      const { sec = 0, nanosec = 0 } = (value ?? {}) as { sec?: number; nanosec?: number };
      writer.int32(checkedInteger('int32', sec, `${where}.sec`));
      writer.uint32(checkedInteger('uint32', nanosec, `${where}.nanosec`));
      return;
    }
    default:
      if (!INTEGERS.has(type)) throw new EffvitError('INTERNAL', `${where} has the unknown type ${type}.`);
      writer[type as 'int8'](checkedInteger(type, value ?? 0, where));
  }
}

function asBigInt(type: 'int64' | 'uint64', value: unknown, where: string): bigint {
  const isInteger = typeof value === 'bigint' || Number.isSafeInteger(value);
  const integer = isInteger ? BigInt(value as bigint | number) : undefined;
  const fits = type === 'int64' ? BigInt.asIntN : BigInt.asUintN;
  if (integer === undefined || fits(64, integer) !== integer) throw misfit(where, `an ${type}`, value);
  return integer;
}

function checkedInteger(type: string, value: unknown, where: string): number {
  const bits = Number(type.replace(/\D/g, ''));
  const [lowest, highest] = type.startsWith('u')
    ? [0, 2 ** bits - 1]
    : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < lowest || value > highest) {
    throw misfit(where, `an ${type}`, value);
  }
  return value;
}

function misfit(where: string, expected: string, value: unknown): EffvitError {
  return new EffvitError('BAD_ARGUMENT', `Expected ${expected} for ${where} but received ${String(value)}.`);
}
