import { offerService } from '../rcl/offerService.js';
import { PARAMETER_TYPE, type RclNode } from '../rcl/rcl.js';
import { type DescriptorMessage, describeParameter } from './descriptorMessage.js';
import { listParameters } from './listParameters.js';
import type { ParameterMessage } from './parameterValues.js';

/** rcl_interfaces/msg/SetParametersResult */
export interface SetResult {
  readonly successful: boolean;
  readonly reason: string;
}

interface Names {
  readonly names: readonly string[];
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
  const offer = <Request, Response>(
    type: string,
    name: string,
    answer: (request: Request) => Response | Promise<Response>,
    refusal: (reason: string, request: Request) => Response,
  ): void => offerService(node, `rcl_interfaces/srv/${type}`, `~/${name}`, answer, refusal);

  offer<Names, { descriptors: DescriptorMessage[] }>(
    'DescribeParameters',
    'describe_parameters',
    ({ names }) => ({ descriptors: names.map((name) => describeParameter(node, name)) }),
    () => ({ descriptors: [] }),
  );
  offer<Names, { values: object[] }>(
    'GetParameters',
    'get_parameters',
    ({ names }) => ({
      values: names.map((name) =>
        node.hasParameter(name)
          ? node.getParameter(name).toParameterValueMessage()
          : { type: PARAMETER_TYPE.notSet },
      ),
    }),
    () => ({ values: [] }),
  );
  offer<Names, { types: number[] }>(
    'GetParameterTypes',
    'get_parameter_types',
    ({ names }) => ({
      types: names.map((name) =>
        node.hasParameter(name) ? node.getParameter(name).type : PARAMETER_TYPE.notSet,
      ),
    }),
    () => ({ types: [] }),
  );
  offer<
    { prefixes: readonly string[]; depth: bigint | number },
    { result: ReturnType<typeof listParameters> }
  >(
    'ListParameters',
    'list_parameters',
    ({ prefixes, depth }) => ({
      result: listParameters(node.getParameterNames(), prefixes, Number(depth)),
    }),
    () => ({ result: { names: [], prefixes: [] } }),
  );
  offer<Changes, { results: SetResult[] }>(
    'SetParameters',
    'set_parameters',
    async ({ parameters }) => {
      const results: SetResult[] = [];
      for (const parameter of parameters) results.push(await set([parameter]));
      return { results };
    },
    (reason, { parameters }) => ({ results: parameters.map(() => ({ successful: false, reason })) }),
  );
  offer<Changes, { result: SetResult }>(
    'SetParametersAtomically',
    'set_parameters_atomically',
    async ({ parameters }) => ({ result: await set(parameters) }),
    (reason) => ({ result: { successful: false, reason } }),
  );
}
