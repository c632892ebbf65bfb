import type { OptionSpec } from '../../core/optionTable.js';
import { offerService } from '../rcl/offerService.js';
import { PARAMETER_TYPE, type RclNode, type RclParameter } from '../rcl/rcl.js';
import { isParameterName, PARAMETERS } from './parameterTable.js';
import { type ParameterMessage, TYPE_CODES } from './parameterValues.js';

/** rcl_interfaces/msg/SetParametersResult */
export interface SetResult {
  readonly successful: boolean;
  readonly reason: string;
}

interface Changes {
  readonly parameters: readonly ParameterMessage[];
}

/** Offers the six services of `ros2 param`. @param set sets all of these values or none of them. */
export function offerParameters(
  node: RclNode,
  set: (messages: readonly ParameterMessage[]) => Promise<SetResult>,
): void {
  const offer = <Request>(
    type: string,
    name: string,
    answer: (request: Request) => object | Promise<object>,
    refusal: (reason: string, request: Request) => object,
  ): void => offerService(node, `rcl_interfaces/srv/${type}`, `~/${name}`, answer, refusal);
  /** Services that look up names, with what each tells of one. */
  const offerLookup = (type: string, name: string, field: string, lookUp: (name: string) => unknown): void =>
    offer<{ readonly names: readonly string[] }>(
      type,
      name,
      ({ names }) => ({ [field]: names.map(lookUp) }),
      () => ({ [field]: [] }),
    );
  const present = (name: string): RclParameter | undefined =>
    node.hasParameter(name) ? node.getParameter(name) : undefined;
  const valueMessage = (name: string) =>
    present(name)?.toParameterValueMessage() ?? { type: PARAMETER_TYPE.notSet };
  const typeOf = (name: string) => present(name)?.type ?? PARAMETER_TYPE.notSet;

  offerLookup('GetParameters', 'get_parameters', 'values', valueMessage);
  offerLookup('GetParameterTypes', 'get_parameter_types', 'types', typeOf);
  offerLookup('DescribeParameters', 'describe_parameters', 'descriptors', (name) => descriptor(node, name));
  offer<{ readonly prefixes: readonly string[]; readonly depth: bigint | number }>(
    'ListParameters',
    'list_parameters',
    ({ prefixes, depth }) => ({ result: listParameters(node.getParameterNames(), prefixes, Number(depth)) }),
    () => ({ result: { names: [], prefixes: [] } }),
  );
  offer<Changes>(
    'SetParameters',
    'set_parameters',
    async ({ parameters }) => {
      const results: SetResult[] = [];
      for (const parameter of parameters) results.push(await set([parameter]));
      return { results };
    },
    (reason, { parameters }) => ({ results: parameters.map(() => ({ successful: false, reason })) }),
  );
  offer<Changes>(
    'SetParametersAtomically',
    'set_parameters_atomically',
    async ({ parameters }) => ({ result: await set(parameters) }),
    (reason) => ({ result: { successful: false, reason } }),
  );
}

/**
 * rcl_interfaces/srv/ListParameters: the names under the prefixes (all names if there are none), at most `depth` levels
 * below them (0: all levels), with the parents of those names.
 */
export function listParameters(
  names: readonly string[],
  prefixes: readonly string[],
  depth: number,
): { names: string[]; prefixes: string[] } {
  const levels = (name: string): number => name.split('.').length;
  const isWithin = (name: string, above: number): boolean => depth === 0 || levels(name) - above <= depth;
  const isWanted = (name: string): boolean =>
    prefixes.length === 0
      ? isWithin(name, 0)
      : prefixes.some(
          (prefix) => name === prefix || (name.startsWith(`${prefix}.`) && isWithin(name, levels(prefix))),
        );
  const found = names.filter(isWanted).sort();
  const parents = found.filter((name) => name.includes('.')).map((name) => name.replace(/\.[^.]*$/, ''));
  return { names: found, prefixes: [...new Set(parents)] };
}

/**
 * rcl_interfaces/msg/ParameterDescriptor of any name, including parameters declared by ROS itself and undeclared names.
 */
function descriptor(node: RclNode, name: string): object {
  const unknown = {
    name,
    type: PARAMETER_TYPE.notSet,
    description: '',
    additional_constraints: '',
    read_only: false,
    dynamic_typing: false,
    floating_point_range: [],
    integer_range: [],
  };
  if (isParameterName(name)) return { ...unknown, ...descriptorOf(PARAMETERS[name]) };
  return node.hasParameter(name) ? { ...unknown, ...node.getParameterDescriptor(name).toMessage() } : unknown;
}

/** What a row of the table tells, as shown by `ros2 param describe`. */
function descriptorOf({ type, description, change, choices, range }: OptionSpec): object {
  const constraints = [
    ...(choices === undefined ? [] : [`One of: ${choices.join(', ')}.`]),
    ...(change === 'restart' ? ['Changes only while the node is unconfigured.'] : []),
  ];
  const told = { type: TYPE_CODES[type], description, additional_constraints: constraints.join(' ') };
  if (range === undefined) return told;
  const { min, max } = range;
  return type === 'integer'
    ? { ...told, integer_range: [{ from_value: BigInt(min), to_value: BigInt(max), step: 1n }] }
    : { ...told, floating_point_range: [{ from_value: min, to_value: max, step: 0 }] };
}
