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

/** rcl_interfaces/msg/ParameterValue from rclnodejs: arrays are lists or typed arrays. */
export interface ValueMessage {
  readonly type: number;
  readonly bool_value: boolean;
  readonly integer_value: bigint | number;
  readonly double_value: number;
  readonly string_value: string;
  readonly byte_array_value: ArrayLike<number>;
  readonly bool_array_value: ArrayLike<boolean>;
  readonly integer_array_value: ArrayLike<bigint | number>;
  readonly double_array_value: ArrayLike<number>;
  readonly string_array_value: ArrayLike<string>;
}

/** rcl_interfaces/msg/Parameter */
export interface ParameterMessage {
  readonly name: string;
  readonly value: ValueMessage;
}

/** The value selected by the message's type, integers as bigint; undefined if it is not set or the type is unknown. */
export function plainValue(message: ValueMessage): unknown {
  switch (message.type) {
    case PARAMETER_TYPE.bool:
      return message.bool_value;
    case PARAMETER_TYPE.integer:
      return BigInt(message.integer_value);
    case PARAMETER_TYPE.double:
      return message.double_value;
    case PARAMETER_TYPE.string:
      return message.string_value;
    case PARAMETER_TYPE.byteArray:
      return Array.from(message.byte_array_value);
    case PARAMETER_TYPE.boolArray:
      return Array.from(message.bool_array_value);
    case PARAMETER_TYPE.integerArray:
      return Array.from(message.integer_array_value, BigInt);
    case PARAMETER_TYPE.doubleArray:
      return Array.from(message.double_array_value);
    case PARAMETER_TYPE.stringArray:
      return Array.from(message.string_array_value);
    default:
      return undefined;
  }
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
