import type { OptionSpec } from '../../core/optionTable.js';
import { PARAMETER_TYPE, type ParameterTypeCode } from '../rcl/rcl.js';

/** The table's types by their codes in rcl_interfaces/msg/ParameterType. */
export const TYPE_CODES = {
  string: PARAMETER_TYPE.string,
  integer: PARAMETER_TYPE.integer,
  double: PARAMETER_TYPE.double,
  boolean: PARAMETER_TYPE.bool,
  string_array: PARAMETER_TYPE.stringArray,
} as const satisfies Record<OptionSpec['type'], ParameterTypeCode>;

/** The fields of rcl_interfaces/msg/ParameterValue by their type codes, from 1. */
const VALUE_FIELDS = [
  'bool_value',
  'integer_value',
  'double_value',
  'string_value',
  'byte_array_value',
  'bool_array_value',
  'integer_array_value',
  'double_array_value',
  'string_array_value',
] as const;

/** rcl_interfaces/msg/ParameterValue from rclnodejs: integers are bigint or numbers, arrays are lists or typed arrays. */
export type ValueMessage = { readonly type: number } & {
  readonly [Field in (typeof VALUE_FIELDS)[number]]: unknown;
};

/** rcl_interfaces/msg/Parameter */
export interface ParameterMessage {
  readonly name: string;
  readonly value: ValueMessage;
}

/** The value selected by the message's type, integers as bigint; undefined if it is not set or the type is unknown. */
export function plainValue(message: ValueMessage): unknown {
  const { type } = message;
  const field = VALUE_FIELDS[type - 1];
  if (field === undefined) return undefined;
  const value = message[field];
  if (type === PARAMETER_TYPE.integer) return BigInt(value as bigint | number);
  if (type < PARAMETER_TYPE.byteArray) return value;
  const items = Array.from(value as ArrayLike<unknown>);
  return type === PARAMETER_TYPE.integerArray ? items.map((item) => BigInt(item as bigint | number)) : items;
}

/**
 * Converts a value from ROS to the table's type. ROS gives integers as bigint. 5 is accepted for 5.0, and 0 for the
 * choice "0", because the command line parses that as a number.
 */
export function fromRos({ type, choices }: OptionSpec, value: unknown): unknown {
  const plain = withoutBigints(value);
  const isChoice = type === 'string' && typeof plain === 'number' && choices?.includes(String(plain));
  return isChoice === true ? String(plain) : plain;
}

function withoutBigints(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  return Array.isArray(value) ? value.map(withoutBigints) : value;
}
