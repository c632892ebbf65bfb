import { isDeepStrictEqual } from 'node:util';
import { asEffvitError } from '../core/EffvitError.js';
import {
  fillParameters,
  PARAMETERS,
  type ParameterSpec,
  type Parameters,
  parameterProblem,
  parameterSpec,
} from '../core/parameters.js';
import {
  PARAMETER_TYPE,
  type ParameterTypeCode,
  type RclModule,
  type RclNode,
  type RclParameter,
} from './rcl.js';

const TYPE_CODES = {
  string: PARAMETER_TYPE.string,
  integer: PARAMETER_TYPE.integer,
  double: PARAMETER_TYPE.double,
  boolean: PARAMETER_TYPE.bool,
  string_array: PARAMETER_TYPE.stringArray,
} as const satisfies Record<ParameterSpec['type'], ParameterTypeCode>;

/** rcl_interfaces/msg/ParameterDescriptor */
interface DescriptorMessage {
  name: string;
  type: number;
  description: string;
  additional_constraints: string;
  read_only: boolean;
  dynamic_typing: boolean;
  floating_point_range: { from_value: number; to_value: number; step: number }[];
  integer_range: { from_value: bigint; to_value: bigint; step: bigint }[];
}

/** rcl_interfaces/msg/ParameterValue as rclnodejs gives it */
interface ValueMessage {
  readonly type: number;
  readonly bool_value: boolean;
  readonly integer_value: bigint | number;
  readonly double_value: number;
  readonly string_value: string;
  readonly string_array_value: readonly string[];
}

interface ParameterMessage {
  readonly name: string;
  readonly value: ValueMessage;
}

interface SetResult {
  readonly successful: boolean;
  readonly reason: string;
}

/** What the node does with changes; each may refuse by throwing. */
export interface ParameterOwner {
  /** Whether parameters whose `change` is `inactive` may change now. */
  readonly isConfigured: () => boolean;
  /**
   * Takes the new values into the running pipeline before they are stored: loading a model or starting workers
   * may take a while and may fail, and then the old values stay.
   */
  readonly apply: (parameters: Parameters, changed: ReadonlySet<string>) => Promise<void>;
}

/**
 * The node's parameters behind the standard services. rclnodejs's own services answer at once, so a change that
 * has to be tried first (another model, more workers) could not be refused; and they tell no ranges. These do.
 */
export class NodeParameters {
  readonly #rcl: RclModule;
  readonly #node: RclNode;
  readonly #owner: ParameterOwner;
  #values: Parameters;
  /** Changes are applied one after the other, in the order of the requests. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Declares the table's parameters, with what the launch file or the command line gave.
   *
   * @throws EffvitError BAD_CONFIG naming every value that cannot be taken.
   */
  constructor(rcl: RclModule, node: RclNode, owner: ParameterOwner) {
    this.#rcl = rcl;
    this.#node = node;
    this.#owner = owner;
    const known: ReadonlySet<string> = new Set(PARAMETERS.map((spec) => spec.name));
    const given = Object.fromEntries(
      node
        .getParameterOverrides()
        .filter(({ name }) => known.has(name))
        .map(({ name, value }) => [name, fromRos(parameterSpec(name), value)]),
    );
    this.#values = fillParameters(given);
    for (const spec of PARAMETERS) this.#declare(spec);
    this.#offerServices();
  }

  get values(): Parameters {
    return this.#values;
  }

  #declare(spec: ParameterSpec): void {
    const code = TYPE_CODES[spec.type];
    const descriptor = new this.#rcl.ParameterDescriptor(spec.name, code, spec.description, false);
    this.#node.declareParameter(
      this.#parameter(spec, this.#values[spec.name as keyof Parameters]),
      descriptor,
    );
  }

  #parameter(spec: ParameterSpec, value: unknown): RclParameter {
    const stored = spec.type === 'integer' ? BigInt(value as number) : value;
    return new this.#rcl.Parameter(
      spec.name,
      TYPE_CODES[spec.type],
      Array.isArray(stored) ? [...stored] : stored,
    );
  }

  #offerServices(): void {
    const node = this.#node;
    const offer = <Request, Response>(
      type: string,
      name: string,
      answer: (request: Request) => Response | Promise<Response>,
    ): void => {
      node.createService<Request, Response>(
        `rcl_interfaces/srv/${type}`,
        `~/${name}`,
        (request, response) => {
          void Promise.resolve(answer(request)).then((message) => response.send(message));
        },
      );
    };
    offer('DescribeParameters', 'describe_parameters', (request: { names: readonly string[] }) => ({
      descriptors: request.names.map((name) => this.#describe(name)),
    }));
    offer('GetParameters', 'get_parameters', (request: { names: readonly string[] }) => ({
      values: request.names.map((name) => this.#valueMessage(name)),
    }));
    offer('GetParameterTypes', 'get_parameter_types', (request: { names: readonly string[] }) => ({
      types: request.names.map((name) =>
        node.hasParameter(name) ? node.getParameter(name).type : PARAMETER_TYPE.notSet,
      ),
    }));
    offer(
      'ListParameters',
      'list_parameters',
      (request: { prefixes: readonly string[]; depth: bigint | number }) => ({
        result: listParameters(node.getParameterNames(), request.prefixes, Number(request.depth)),
      }),
    );
    offer('SetParameters', 'set_parameters', async (request: { parameters: readonly ParameterMessage[] }) => {
      const results: SetResult[] = [];
      for (const parameter of request.parameters) results.push(await this.#set([parameter]));
      return { results };
    });
    offer(
      'SetParametersAtomically',
      'set_parameters_atomically',
      async (request: { parameters: readonly ParameterMessage[] }) => ({
        result: await this.#set(request.parameters),
      }),
    );
  }

  #describe(name: string): DescriptorMessage {
    const message: DescriptorMessage = {
      name,
      type: PARAMETER_TYPE.notSet,
      description: '',
      additional_constraints: '',
      read_only: false,
      dynamic_typing: false,
      floating_point_range: [],
      integer_range: [],
    };
    const spec: ParameterSpec | undefined = PARAMETERS.find((row) => row.name === name);
    if (spec === undefined) {
      if (!this.#node.hasParameter(name)) return message;
      return { ...message, ...this.#node.getParameterDescriptor(name).toMessage() };
    }
    message.type = TYPE_CODES[spec.type];
    message.description = spec.description;
    message.read_only = spec.change === 'read_only';
    const constraints = [
      ...(spec.choices === undefined ? [] : [`One of: ${spec.choices.join(', ')}.`]),
      ...(spec.change === 'inactive' ? ['Changes only while the node is unconfigured.'] : []),
    ];
    message.additional_constraints = constraints.join(' ');
    if (spec.range !== undefined && spec.type === 'integer') {
      const { min, max } = spec.range;
      message.integer_range = [{ from_value: BigInt(min), to_value: BigInt(max), step: 1n }];
    } else if (spec.range !== undefined) {
      message.floating_point_range = [{ from_value: spec.range.min, to_value: spec.range.max, step: 0 }];
    }
    return message;
  }

  #valueMessage(name: string): object {
    if (this.#node.hasParameter(name)) return this.#node.getParameter(name).toParameterValueMessage();
    return { type: PARAMETER_TYPE.notSet };
  }

  /** All of them or none. */
  #set(messages: readonly ParameterMessage[]): Promise<SetResult> {
    const turn = this.#last.then(() => this.#setNow(messages));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #setNow(messages: readonly ParameterMessage[]): Promise<SetResult> {
    const changed: Record<string, unknown> = {};
    const stored: RclParameter[] = [];
    for (const { name, value: message } of messages) {
      const value = plainValue(message);
      const spec: ParameterSpec | undefined = PARAMETERS.find((row) => row.name === name);
      if (spec === undefined) {
        const problem = this.#foreignProblem(name);
        if (problem !== undefined) return { successful: false, reason: problem };
        stored.push(new this.#rcl.Parameter(name, message.type, value));
        continue;
      }
      const taken = fromRos(spec, value);
      // `ros2 param load` gives back what `ros2 param dump` wrote: what stays as it is, is no change.
      const isSame =
        spec.change !== 'read_only' && isDeepStrictEqual(taken, this.#values[spec.name as keyof Parameters]);
      const problem = parameterProblem(spec, taken) ?? (isSame ? undefined : this.#changeProblem(spec));
      if (problem !== undefined) return { successful: false, reason: problem };
      changed[name] = taken;
      stored.push(this.#parameter(spec, taken));
    }
    const next = fillParameters({ ...this.#values, ...changed });
    const differing = new Set(
      Object.keys(changed).filter(
        (name) => !isDeepStrictEqual(changed[name], this.#values[name as keyof Parameters]),
      ),
    );
    try {
      if (differing.size > 0) await this.#owner.apply(next, differing);
    } catch (error) {
      return { successful: false, reason: asEffvitError(error).message };
    }
    const result = this.#node.setParametersAtomically(stored);
    if (result.successful) this.#values = next;
    return { successful: result.successful, reason: result.reason ?? '' };
  }

  /** Parameters that ROS itself declared: use_sim_time, qos_overrides. */
  #foreignProblem(name: string): string | undefined {
    if (!this.#node.hasParameter(name)) return `There is no parameter ${name}.`;
    if (!this.#node.getParameterDescriptor(name).readOnly) return undefined;
    return `Parameter ${name} is read-only: give it at launch.`;
  }

  #changeProblem({ name, change }: ParameterSpec): string | undefined {
    if (change === 'read_only') return `Parameter ${name} is read-only: give it at launch.`;
    if (change === 'inactive' && this.#owner.isConfigured()) {
      return `Parameter ${name} cannot change while the node is configured: run \`ros2 lifecycle set ${this.#node.getFullyQualifiedName()} cleanup\` first.`;
    }
    return undefined;
  }
}

/** A value from ROS as the table has it: integers are bigint there, and 5 may stand for 5.0. */
function fromRos(spec: ParameterSpec, value: unknown): unknown {
  const plain = typeof value === 'bigint' ? Number(value) : value;
  return spec.type === 'string_array' && Array.isArray(plain) ? [...plain] : plain;
}

function plainValue(message: ValueMessage): unknown {
  switch (message.type) {
    case PARAMETER_TYPE.bool:
      return message.bool_value;
    case PARAMETER_TYPE.integer:
      return message.integer_value;
    case PARAMETER_TYPE.double:
      return message.double_value;
    case PARAMETER_TYPE.string:
      return message.string_value;
    case PARAMETER_TYPE.stringArray:
      return message.string_array_value;
    default:
      return undefined;
  }
}

/** rcl_interfaces/srv/ListParameters: names under the prefixes, at most `depth` levels below them (0: all). */
export function listParameters(
  names: readonly string[],
  prefixes: readonly string[],
  depth: number,
): { names: string[]; prefixes: string[] } {
  const levels = (name: string): number => name.split('.').length;
  const isWanted = (name: string): boolean => {
    if (prefixes.length === 0) return depth === 0 || levels(name) <= depth;
    return prefixes.some((prefix) => {
      if (name === prefix) return true;
      if (!name.startsWith(`${prefix}.`)) return false;
      return depth === 0 || levels(name) - levels(prefix) <= depth;
    });
  };
  const found = names.filter(isWanted).sort();
  const parents = found
    .filter((name) => name.includes('.'))
    .map((name) => name.slice(0, name.lastIndexOf('.')));
  return { names: found, prefixes: [...new Set(parents)] };
}
