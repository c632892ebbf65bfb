import { isDeepStrictEqual } from 'node:util';
import { asEffvitError, EffvitError } from '../../core/EffvitError.js';
import { nearestName } from '../../core/nearestName.js';
import {
  fillParameters,
  PARAMETERS,
  type ParameterSpec,
  type Parameters,
  parameterProblem,
  valueProblem,
} from '../../core/parameters.js';
import type { LifecycleState } from '../lifecycle/lifecycleGraph.js';
import { PARAMETER_TYPE, type RclModule, type RclNode, type RclParameter } from '../rcl/rcl.js';
import { changeRefusal, readOnlyRefusal } from './changeRefusal.js';
import { offerParameters, type SetResult } from './offerParameters.js';
import {
  fromRos,
  type ParameterMessage,
  plainValue,
  TYPE_CODES,
  type ValueMessage,
} from './parameterValues.js';

const USE_SIM_TIME = 'use_sim_time';

/** What the node does with changes; each may refuse by throwing. */
export interface ParameterOwner {
  /** Decides whether parameters whose `change` is `inactive` may change now. */
  readonly state: () => LifecycleState;
  /**
   * Takes the new values into the running pipeline before they are stored: loading a model or starting workers
   * may take a while and may fail, and then the old values stay.
   */
  readonly apply: (parameters: Parameters, changed: ReadonlySet<string>) => Promise<void>;
}

/** What a request comes to: values of the table, and what rclnodejs is to store. */
interface Change {
  readonly values: Record<string, unknown>;
  readonly stored: RclParameter[];
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
    const given = new Map(node.getParameterOverrides().map((parameter) => [parameter.name, parameter]));
    const simTime = given.get(USE_SIM_TIME);
    if (simTime !== undefined && simTime.type !== PARAMETER_TYPE.bool) {
      throw new EffvitError('BAD_CONFIG', valueProblem('true or false', USE_SIM_TIME, simTime.value));
    }
    const own: [string, unknown][] = [];
    for (const spec of PARAMETERS) {
      const parameter = given.get(spec.name);
      if (parameter !== undefined) own.push([spec.name, fromRos(spec, parameter.value)]);
    }
    this.#values = fillParameters(Object.fromEntries(own));
    for (const spec of PARAMETERS) this.#declare(spec);
    offerParameters(node, (messages) => this.#set(messages));
  }

  get values(): Parameters {
    return this.#values;
  }

  #declare(spec: ParameterSpec): void {
    const code = TYPE_CODES[spec.type];
    const descriptor = new this.#rcl.ParameterDescriptor(spec.name, code, spec.description, false);
    const parameter = this.#parameter(spec, this.#values[spec.name as keyof Parameters]);
    // What was given is in the value already; rclnodejs would take it as it came, an integer for a double.
    this.#node.declareParameter(parameter, descriptor, true);
  }

  #parameter(spec: ParameterSpec, value: unknown): RclParameter {
    const stored = spec.type === 'integer' ? BigInt(value as number) : value;
    return new this.#rcl.Parameter(
      spec.name,
      TYPE_CODES[spec.type],
      Array.isArray(stored) ? [...stored] : stored,
    );
  }

  /** All of them or none; never rejects. */
  #set(messages: readonly ParameterMessage[]): Promise<SetResult> {
    const turn = this.#last
      .then(() => this.#setNow(messages))
      .then(
        () => ({ successful: true, reason: '' }),
        (thrown: unknown) => {
          // What is refused on purpose is the asker's business alone.
          if (!(thrown instanceof EffvitError)) {
            this.#node.getLogger().error(`Setting parameters failed: ${asEffvitError(thrown).message}`);
          }
          return { successful: false, reason: asEffvitError(thrown).message };
        },
      );
    this.#last = turn;
    return turn;
  }

  /** @throws EffvitError why they are refused; nothing has changed then. */
  async #setNow(messages: readonly ParameterMessage[]): Promise<void> {
    const change: Change = { values: {}, stored: [] };
    for (const { name, value } of messages) {
      const spec: ParameterSpec | undefined = PARAMETERS.find((row) => row.name === name);
      if (spec === undefined) this.#takeForeign(name, value, change);
      else this.#take(spec, value, change);
    }
    const next = fillParameters({ ...this.#values, ...change.values });
    const differing = PARAMETERS.map(({ name }) => name).filter(
      (name) => !isDeepStrictEqual(next[name], this.#values[name]),
    );
    if (differing.length > 0) await this.#owner.apply(next, new Set(differing));
    const { successful, reason } = this.#node.setParametersAtomically(change.stored);
    if (!successful) throw new EffvitError('INTERNAL', reason ?? 'rclnodejs refused the values.');
    this.#values = next;
  }

  #take(spec: ParameterSpec, message: ValueMessage, { values, stored }: Change): void {
    const value = fromRos(spec, plainValue(message));
    // `ros2 param load` gives back what `ros2 param dump` wrote: what stays as it is, is no change.
    const isSame = isDeepStrictEqual(value, this.#values[spec.name as keyof Parameters]);
    refuse(parameterProblem(spec, value));
    if (!isSame) refuse(changeRefusal(spec, this.#owner.state(), this.#node.getFullyQualifiedName()));
    values[spec.name] = value;
    stored.push(this.#parameter(spec, value));
  }

  /** Parameters that ROS itself declared: use_sim_time, qos_overrides. */
  #takeForeign(name: string, message: ValueMessage, { stored }: Change): void {
    const node = this.#node;
    if (!node.hasParameter(name)) {
      const near = nearestName(name, node.getParameterNames());
      const hint = near === undefined ? '' : ` Did you mean ${near}?`;
      throw new EffvitError('BAD_ARGUMENT', `There is no parameter ${name}.${hint}`);
    }
    const value = plainValue(message);
    const present = node.getParameter(name);
    if (message.type !== present.type) refuse(valueProblem(expectedOf(present), name, value));
    if (isDeepStrictEqual(value, present.value)) return;
    if (node.getParameterDescriptor(name).readOnly) refuse(readOnlyRefusal(name));
    stored.push(new this.#rcl.Parameter(name, message.type, value));
  }
}

function refuse(problem: string | undefined): void {
  if (problem !== undefined) throw new EffvitError('BAD_ARGUMENT', problem);
}

function expectedOf({ type }: RclParameter): string {
  switch (type) {
    case PARAMETER_TYPE.bool:
      return 'true or false';
    case PARAMETER_TYPE.integer:
      return 'an integer';
    case PARAMETER_TYPE.double:
      return 'a number';
    case PARAMETER_TYPE.string:
      return 'a text';
    default:
      return 'a list';
  }
}
