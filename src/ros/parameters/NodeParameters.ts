import { isDeepStrictEqual } from 'node:util';
import { asEffvitError, EffvitError, type EffvitErrorCode } from '../../core/EffvitError.js';
import { didYouMean } from '../../core/nearestName.js';
import { type OptionSpec, optionProblem, valueProblem } from '../../core/optionTable.js';
import type { LifecycleState } from '../lifecycle/lifecycleGraph.js';
import { foreignParameterKeys } from '../patches/nodeWithParameterFiles.js';
import { PARAMETER_TYPE, type RclModule, type RclNode, type RclParameter } from '../rcl/rcl.js';
import { changeRefusal } from './changeRefusal.js';
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
import { RollbackError, rollBack } from './rollBack.js';

const USE_SIM_TIME = 'use_sim_time';

/** The node's callbacks for parameter changes; each may refuse by throwing. */
export interface ParameterOwner {
  /** Decides whether parameters that are read at `configure` may change now. */
  readonly state: () => LifecycleState;
  /**
   * Applies the new values to the running pipeline before they are stored. Loading a model or starting workers takes
   * time and may fail; then the old values stay. Called again with the old values if storing fails.
   */
  readonly apply: (values: NodeParameterValues, changed: ReadonlySet<NodeParameterName>) => Promise<void>;
}

/** A checked request: values of the table, and the parameters for rclnodejs to store. */
interface Change {
  readonly values: Record<string, unknown>;
  readonly stored: RclParameter[];
}

/**
 * The node's parameters behind the standard services, and the only owner of their values: other code reads them here or
 * gets them through `apply`. rclnodejs's own services answer immediately, so they could not refuse a change that has to
 * be tried first (another model, more workers), and they report no ranges.
 */
export class NodeParameters {
  readonly #rcl: RclModule;
  readonly #node: RclNode;
  readonly #owner: ParameterOwner;
  #values: NodeParameterValues;
  /** Set if a failed change could not be taken back, until a change succeeds. */
  #rollbackError: RollbackError | undefined;
  /** Serialises the changes in the order of the requests. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Declares the table's parameters, with the values from the launch file or the command line.
   *
   * @throws EffvitError BAD_CONFIG naming every invalid value.
   */
  constructor(rcl: RclModule, node: RclNode, owner: ParameterOwner) {
    this.#rcl = rcl;
    this.#node = node;
    this.#owner = owner;
    const given = new Map(node.getParameterOverrides().map((parameter) => [parameter.name, parameter]));
    const simTime = given.get(USE_SIM_TIME);
    if (simTime !== undefined && simTime.type !== PARAMETER_TYPE.bool) {
      refuse(USE_SIM_TIME, valueProblem('true or false', USE_SIM_TIME, simTime.value), 'BAD_CONFIG');
    }
    const foreign = foreignParameterKeys(node);
    if (foreign.length > 0) {
      const names = `${foreign.join(', ')}, not ${node.getFullyQualifiedName()}`;
      node.getLogger().warn(`The parameter files name ${names}: nothing of them is used.`);
    }
    for (const name of given.keys()) this.#tellUnknown(name);
    const own = [...given].flatMap(([name, { value }]) =>
      isParameterName(name) ? [[name, fromRos(PARAMETERS[name], value)]] : [],
    );
    this.#values = fillParameters(Object.fromEntries(own));
    for (const name of PARAMETER_NAMES) this.#declare(name, PARAMETERS[name]);
    offerParameters(node, (messages) => this.#set(messages));
  }

  /** Frozen; replaced by a new object with every change. */
  get values(): NodeParameterValues {
    return this.#values;
  }

  /** Why the node runs with other values than these; undefined if it does not. */
  get problem(): string | undefined {
    return this.#rollbackError?.message;
  }

  /** Sets one parameter of the table like a service request; never rejects. */
  set(name: NodeParameterName, value: unknown): Promise<SetResult> {
    const message = this.#parameter(name, value).toParameterValueMessage() as ValueMessage;
    return this.#set([{ name, value: message }]);
  }

  /** Warns of an unknown parameter that was given at the start. A running node refuses to set it. */
  #tellUnknown(name: string): void {
    if (isParameterName(name) || name === USE_SIM_TIME || name.startsWith('qos_overrides.')) return;
    const hint = didYouMean(name, PARAMETER_NAMES);
    this.#node.getLogger().warn(`There is no parameter ${name}: its value is not used.${hint}`);
  }

  #declare(name: NodeParameterName, { type, description }: OptionSpec): void {
    const descriptor = new this.#rcl.ParameterDescriptor(name, TYPE_CODES[type], description, false);
    const parameter = this.#parameter(name, this.#values[name]);
    // The value already includes overrides; rclnodejs would use them unconverted, e.g. an integer for a double.
    this.#node.declareParameter(parameter, descriptor, true);
  }

  #parameter(name: NodeParameterName, value: unknown): RclParameter {
    const { type } = PARAMETERS[name];
    const stored = type === 'integer' ? BigInt(value as number) : value;
    return new this.#rcl.Parameter(name, TYPE_CODES[type], Array.isArray(stored) ? [...stored] : stored);
  }

  /** Sets all of them or none; never rejects. */
  #set(messages: readonly ParameterMessage[]): Promise<SetResult> {
    const turn = this.#last
      .then(() => this.#setNow(messages))
      .then(
        () => ({ successful: true, reason: '' }),
        (thrown: unknown) => {
          if (thrown instanceof RollbackError) this.#rollbackError = thrown;
          // A regular refusal is only reported to the caller, not logged.
          if (!(thrown instanceof EffvitError) || thrown instanceof RollbackError) {
            this.#node.getLogger().error(`Setting parameters failed: ${asEffvitError(thrown).message}`);
          }
          return { successful: false, reason: asEffvitError(thrown).message };
        },
      );
    this.#last = turn;
    return turn;
  }

  /** @throws EffvitError why they are refused; then nothing has changed. */
  async #setNow(messages: readonly ParameterMessage[]): Promise<void> {
    const change: Change = { values: {}, stored: [] };
    for (const { name, value } of messages) {
      if (isParameterName(name)) this.#take(name, value, change);
      else this.#takeForeign(name, value, change);
    }
    const previous = this.#values;
    const next = fillParameters({ ...previous, ...change.values });
    // After a failed roll-back it is unknown which values the node runs with, so all are applied anew.
    const isChanged = (name: NodeParameterName): boolean =>
      this.#rollbackError !== undefined || !isDeepStrictEqual(next[name], previous[name]);
    const changed = new Set(PARAMETER_NAMES.filter(isChanged));
    if (changed.size > 0) await this.#owner.apply(next, changed);
    try {
      this.#store(change.stored);
    } catch (error) {
      await rollBack(error, changed.size > 0 ? [() => this.#owner.apply(previous, changed)] : []);
    }
    this.#values = next;
    this.#rollbackError = undefined;
  }

  /** Stores the values in rclnodejs, which answers `ros2 param get` and publishes /parameter_events. */
  #store(parameters: readonly RclParameter[]): void {
    const { successful, reason } = this.#node.setParametersAtomically(parameters);
    if (!successful) throw new EffvitError('INTERNAL', reason ?? 'rclnodejs refused the values.');
  }

  #take(name: NodeParameterName, message: ValueMessage, { values, stored }: Change): void {
    const spec: OptionSpec = PARAMETERS[name];
    const value = fromRos(spec, plainValue(message));
    refuse(name, optionProblem(name, spec, value));
    // `ros2 param load` sets every parameter that `ros2 param dump` wrote: an equal value is no change.
    if (!isDeepStrictEqual(value, this.#values[name])) {
      refuse(name, changeRefusal(name, spec.change, this.#owner.state(), this.#node.getFullyQualifiedName()));
    }
    values[name] = value;
    stored.push(this.#parameter(name, value));
  }

  /** Handles parameters declared by ROS itself: use_sim_time, qos_overrides. */
  #takeForeign(name: string, message: ValueMessage, { stored }: Change): void {
    const node = this.#node;
    if (!node.hasParameter(name)) {
      const hint = didYouMean(name, node.getParameterNames());
      refuse(name, `There is no parameter ${name}.${hint}`);
    }
    const value = plainValue(message);
    const present = node.getParameter(name);
    if (message.type !== present.type)
      refuse(name, valueProblem(EXPECTED[present.type] ?? 'a list', name, value));
    if (isDeepStrictEqual(value, present.value)) return;
    if (node.getParameterDescriptor(name).readOnly)
      refuse(name, `Parameter ${name} is read-only: give it at launch.`);
    stored.push(new this.#rcl.Parameter(name, message.type, value));
  }
}

/** @throws EffvitError if there is a problem */
function refuse(parameter: string, problem?: string, code: EffvitErrorCode = 'BAD_ARGUMENT'): void {
  if (problem !== undefined) throw new EffvitError(code, problem, { context: { parameter } });
}

/** The values that parameters declared by ROS itself take; all other types are lists. */
const EXPECTED: Readonly<Record<number, string>> = {
  [PARAMETER_TYPE.bool]: 'true or false',
  [PARAMETER_TYPE.integer]: 'an integer',
  [PARAMETER_TYPE.double]: 'a number',
  [PARAMETER_TYPE.string]: 'a text',
};
