import { isDeepStrictEqual } from 'node:util';
import { asEffvitError, EffvitError } from '../../core/EffvitError.js';
import { nearestName } from '../../core/nearestName.js';
import { type OptionSpec, optionProblem, valueProblem } from '../../core/optionTable.js';
import type { LifecycleState } from '../lifecycle/lifecycleGraph.js';
import { foreignParameterKeys } from '../patches/nodeWithParameterFiles.js';
import { PARAMETER_TYPE, type RclModule, type RclNode, type RclParameter } from '../rcl/rcl.js';
import { changeRefusal, readOnlyRefusal } from './changeRefusal.js';
import { offerParameters, type SetResult } from './offerParameters.js';
import {
  fillParameters,
  isParameterName,
  type NodeParameterName,
  type NodeParameterValues,
  PARAMETER_NAMES,
  PARAMETERS,
} from './parameterTable.js';
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
  /** Decides whether parameters that are taken at `configure` may change now. */
  readonly state: () => LifecycleState;
  /**
   * Takes the new values into the running pipeline before they are stored: loading a model or starting workers
   * may take a while and may fail, and then the old values stay. Called with the old values again where storing fails.
   */
  readonly apply: (values: NodeParameterValues, changed: ReadonlySet<NodeParameterName>) => Promise<void>;
}

/** What a request comes to: values of the table, and what rclnodejs is to store. */
interface Change {
  readonly values: Record<string, unknown>;
  readonly stored: RclParameter[];
}

/**
 * The node's parameters behind the standard services, and the one place of their values: everything that needs one
 * asks here, or is told by `apply`. rclnodejs's own services answer at once, so a change that
 * has to be tried first (another model, more workers) could not be refused; and they tell no ranges. These do.
 */
export class NodeParameters {
  readonly #rcl: RclModule;
  readonly #node: RclNode;
  readonly #owner: ParameterOwner;
  #values: NodeParameterValues;
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
      throw new EffvitError('BAD_CONFIG', valueProblem('true or false', USE_SIM_TIME, simTime.value), {
        context: { parameter: USE_SIM_TIME },
      });
    }
    const foreign = foreignParameterKeys(node);
    if (foreign.length > 0) {
      const name = node.getFullyQualifiedName();
      node
        .getLogger()
        .warn(`The parameter files name ${foreign.join(', ')}, not ${name}: nothing of them is used.`);
    }
    for (const name of given.keys()) this.#tellUnknown(name);
    const own: [string, unknown][] = [];
    for (const name of PARAMETER_NAMES) {
      const parameter = given.get(name);
      if (parameter !== undefined) own.push([name, fromRos(PARAMETERS[name], parameter.value)]);
    }
    this.#values = fillParameters(Object.fromEntries(own));
    for (const name of PARAMETER_NAMES) this.#declare(name, PARAMETERS[name]);
    offerParameters(node, (messages) => this.#set(messages));
  }

  /** Frozen; another object after every change. */
  get values(): NodeParameterValues {
    return this.#values;
  }

  /** Sets one of the table's as a request does; never rejects. */
  set(name: NodeParameterName, value: unknown): Promise<SetResult> {
    const message = this.#parameter(name, value).toParameterValueMessage() as ValueMessage;
    return this.#set([{ name, value: message }]);
  }

  /** A parameter that was given at the start and that nobody takes; of a running node it is refused. */
  #tellUnknown(name: string): void {
    if (isParameterName(name) || name === USE_SIM_TIME || name.startsWith('qos_overrides.')) return;
    const near = nearestName(name, PARAMETER_NAMES);
    const hint = near === undefined ? '' : ` Did you mean ${near}?`;
    this.#node.getLogger().warn(`There is no parameter ${name}: its value is not used.${hint}`);
  }

  #declare(name: NodeParameterName, { type, description }: OptionSpec): void {
    const descriptor = new this.#rcl.ParameterDescriptor(name, TYPE_CODES[type], description, false);
    const parameter = this.#parameter(name, this.#values[name]);
    // What was given is in the value already; rclnodejs would take it as it came, an integer for a double.
    this.#node.declareParameter(parameter, descriptor, true);
  }

  #parameter(name: NodeParameterName, value: unknown): RclParameter {
    const { type } = PARAMETERS[name];
    const stored = type === 'integer' ? BigInt(value as number) : value;
    return new this.#rcl.Parameter(name, TYPE_CODES[type], Array.isArray(stored) ? [...stored] : stored);
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
      if (isParameterName(name)) this.#take(name, value, change);
      else this.#takeForeign(name, value, change);
    }
    const previous = this.#values;
    const next = fillParameters({ ...previous, ...change.values });
    const changed = new Set(PARAMETER_NAMES.filter((name) => !isDeepStrictEqual(next[name], previous[name])));
    if (changed.size > 0) await this.#owner.apply(next, changed);
    try {
      this.#store(change.stored);
    } catch (error) {
      if (changed.size > 0) {
        await this.#owner.apply(previous, changed).catch((undoing: unknown) => {
          this.#node
            .getLogger()
            .error(`The old values cannot be taken back: ${asEffvitError(undoing).message}`);
        });
      }
      throw error;
    }
    this.#values = next;
  }

  /** Into rclnodejs, which answers `ros2 param get` and tells /parameter_events. */
  #store(parameters: readonly RclParameter[]): void {
    const { successful, reason } = this.#node.setParametersAtomically(parameters);
    if (!successful) throw new EffvitError('INTERNAL', reason ?? 'rclnodejs refused the values.');
  }

  #take(name: NodeParameterName, message: ValueMessage, { values, stored }: Change): void {
    const spec: OptionSpec = PARAMETERS[name];
    const value = fromRos(spec, plainValue(message));
    refuse(name, optionProblem(name, spec, value));
    // `ros2 param load` gives back what `ros2 param dump` wrote: what stays as it is, is no change.
    if (!isDeepStrictEqual(value, this.#values[name])) {
      refuse(name, changeRefusal(name, spec.change, this.#owner.state(), this.#node.getFullyQualifiedName()));
    }
    values[name] = value;
    stored.push(this.#parameter(name, value));
  }

  /** Parameters that ROS itself declared: use_sim_time, qos_overrides. */
  #takeForeign(name: string, message: ValueMessage, { stored }: Change): void {
    const node = this.#node;
    if (!node.hasParameter(name)) {
      const near = nearestName(name, node.getParameterNames());
      const hint = near === undefined ? '' : ` Did you mean ${near}?`;
      throw new EffvitError('BAD_ARGUMENT', `There is no parameter ${name}.${hint}`, {
        context: { parameter: name },
      });
    }
    const value = plainValue(message);
    const present = node.getParameter(name);
    if (message.type !== present.type) refuse(name, valueProblem(expectedOf(present), name, value));
    if (isDeepStrictEqual(value, present.value)) return;
    if (node.getParameterDescriptor(name).readOnly) refuse(name, readOnlyRefusal(name));
    stored.push(new this.#rcl.Parameter(name, message.type, value));
  }
}

function refuse(parameter: string, problem: string | undefined): void {
  if (problem !== undefined) throw new EffvitError('BAD_ARGUMENT', problem, { context: { parameter } });
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
