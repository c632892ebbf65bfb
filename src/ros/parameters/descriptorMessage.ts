import type { OptionSpec } from '../../core/optionTable.js';
import { PARAMETER_TYPE, type RclNode } from '../rcl/rcl.js';
import { isParameterName, PARAMETERS } from './parameterTable.js';
import { TYPE_CODES } from './parameterValues.js';

/** rcl_interfaces/msg/ParameterDescriptor */
export interface DescriptorMessage {
  readonly name: string;
  readonly type: number;
  readonly description: string;
  readonly additional_constraints: string;
  readonly read_only: boolean;
  readonly dynamic_typing: boolean;
  readonly floating_point_range: readonly { from_value: number; to_value: number; step: number }[];
  readonly integer_range: readonly { from_value: bigint; to_value: bigint; step: bigint }[];
}

/** The descriptor of a row of the table, as shown by `ros2 param describe`. */
function descriptorMessage(name: string, spec: OptionSpec): DescriptorMessage {
  const { type, description, change, range } = spec;
  const constraints = [
    ...(spec.choices === undefined ? [] : [`One of: ${spec.choices.join(', ')}.`]),
    ...(change === 'restart' ? ['Changes only while the node is unconfigured.'] : []),
  ];
  const message = {
    ...unknownParameter(name),
    type: TYPE_CODES[type],
    description,
    additional_constraints: constraints.join(' '),
  };
  if (range === undefined) return message;
  const { min, max } = range;
  if (type === 'integer') {
    return { ...message, integer_range: [{ from_value: BigInt(min), to_value: BigInt(max), step: 1n }] };
  }
  return { ...message, floating_point_range: [{ from_value: min, to_value: max, step: 0 }] };
}

/** The descriptor of any name, including parameters declared by ROS itself and undeclared names. */
export function describeParameter(node: RclNode, name: string): DescriptorMessage {
  if (isParameterName(name)) return descriptorMessage(name, PARAMETERS[name]);
  if (!node.hasParameter(name)) return unknownParameter(name);
  return { ...unknownParameter(name), ...node.getParameterDescriptor(name).toMessage() };
}

function unknownParameter(name: string): DescriptorMessage {
  return {
    name,
    type: PARAMETER_TYPE.notSet,
    description: '',
    additional_constraints: '',
    read_only: false,
    dynamic_typing: false,
    floating_point_range: [],
    integer_range: [],
  };
}
