import { offerService } from '../rcl/offerService.js';
import { PARAMETER_TYPE, type RclNode, type RclParameter } from '../rcl/rcl.js';
import { describeParameter } from './descriptorMessage.js';
import { listParameters } from './listParameters.js';
import type { ParameterMessage } from './parameterValues.js';

/** rcl_interfaces/msg/SetParametersResult */
export interface SetResult {
  readonly successful: boolean;
  readonly reason: string;
}

interface Changes {
  readonly parameters: readonly ParameterMessage[];
}

/**
 * Offers the six services with which `ros2 param` reads and sets a node's parameters.
 *
 * @param set sets all of these values or none of them.
 */
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

  offerLookup('DescribeParameters', 'describe_parameters', 'descriptors', (name) =>
    describeParameter(node, name),
  );
  offerLookup(
    'GetParameters',
    'get_parameters',
    'values',
    (name) => present(name)?.toParameterValueMessage() ?? { type: PARAMETER_TYPE.notSet },
  );
  offerLookup(
    'GetParameterTypes',
    'get_parameter_types',
    'types',
    (name) => present(name)?.type ?? PARAMETER_TYPE.notSet,
  );
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
