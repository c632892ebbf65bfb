/**
 * The part of rclnodejs 2.x that this package uses, described structurally: the declarations of rclnodejs need files
 * generated for one machine's message packages, and its const enums cannot be imported from isolated modules.
 */
export interface RclModule {
  init(context?: undefined, argv?: readonly string[]): Promise<void>;
  shutdown(): void;
  removeSignalHandlers(): void;
  readonly Node: RclNodeClass;
  readonly NodeOptions: new () => { startParameterServices: boolean };
  readonly Parameter: new (name: string, type: ParameterTypeCode, value: unknown) => RclParameter;
  readonly ParameterDescriptor: new (
    name: string,
    type: ParameterTypeCode,
    description: string,
    readOnly: boolean,
  ) => object;
  readonly QoS: new (
    history: number,
    depth: number,
    reliability: number,
    durability: number,
  ) => RclQos & { readonly depth: number };
  readonly QoSOverridingOptions: new (policyKinds: readonly number[]) => object;
}

export type RclNodeClass<Node extends RclNode = RclNode> = new (
  name: string,
  namespace?: string,
  context?: undefined,
  options?: object,
) => Node;

/** The policies decide whether two endpoints match; an override changes them in place. */
export interface RclQos {
  readonly reliability: number;
  readonly durability: number;
}

/** One publisher or subscription of the graph. */
export interface RclEndpoint {
  readonly node_name: string;
  readonly node_namespace: string;
  /** E.g. `sensor_msgs/msg/Image`. */
  readonly topic_type: string;
  readonly qos_profile: RclQos;
  /** Set by the middleware; with Fast DDS: vendor, host, process, participant and entity. */
  readonly endpoint_gid?: readonly number[];
}

export interface RclParameter {
  readonly name: string;
  readonly type: ParameterTypeCode;
  readonly value: unknown;
  toParameterValueMessage(): object;
}

export interface RclLogger {
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

export interface RclPublisher<Message = object> {
  publish(message: Message): void;
  /** Matched subscriptions. */
  readonly subscriptionCount: number;
}

/** The part of a generated message class that endpoints with serialised or deferred messages need. */
export interface RclMessageClass {
  type(): { readonly pkgName: string; readonly subFolder: string; readonly interfaceName: string };
}

export interface RclNode {
  name(): string;
  namespace(): string;
  getFullyQualifiedName(): string;
  getLogger(): RclLogger;
  now(): { readonly nanoseconds: bigint };
  getClock(): { readonly isRosTimeActive: boolean };
  spin(timeoutMs?: number): void;
  stop(): void;
  destroy(): void;
  createPublisher<Message>(
    type: string | RclMessageClass,
    topic: string,
    options?: object,
  ): RclPublisher<Message>;
  destroyPublisher(publisher: RclPublisher<never>): void;
  /** With `isRaw` the message is its CDR. */
  createSubscription<Message = Uint8Array>(
    type: string | RclMessageClass,
    topic: string,
    options: object,
    callback: (message: Message) => void,
  ): object;
  destroySubscription(subscription: object): void;
  createService<Request, Response>(
    type: string,
    name: string,
    callback: (request: Request, response: { send(response: Response): void }) => void | Promise<void>,
  ): object;
  /** Without `ignoreOverride` a value from the command line replaces the parameter's value, unconverted. */
  declareParameter(parameter: RclParameter, descriptor?: object, ignoreOverride?: boolean): RclParameter;
  hasParameter(name: string): boolean;
  getParameter(name: string): RclParameter;
  getParameterNames(): readonly string[];
  getParameterDescriptor(name: string): { toMessage(): object; readonly readOnly: boolean };
  getParameterOverrides(): readonly RclParameter[];
  setParametersAtomically(parameters: readonly RclParameter[]): {
    readonly successful: boolean;
    readonly reason: string | null;
  };
  getPublishersInfoByTopic(topic: string): readonly RclEndpoint[];
  getSubscriptionsInfoByTopic(topic: string): readonly RclEndpoint[];
  resolveTopicName(topic: string): string;
}

/** rcl_interfaces/msg/ParameterType */
export const PARAMETER_TYPE = {
  notSet: 0,
  bool: 1,
  integer: 2,
  double: 3,
  string: 4,
  byteArray: 5,
  boolArray: 6,
  integerArray: 7,
  doubleArray: 8,
  stringArray: 9,
} as const;

export type ParameterTypeCode = number;

/** rmw_qos_history_policy_e, rmw_qos_reliability_policy_e, rmw_qos_durability_policy_e */
export const QOS = {
  keepLast: 1,
  reliable: 1,
  bestEffort: 2,
  transientLocal: 1,
  volatile: 2,
} as const;

/** rclnodejs.QoSPolicyKind: the policies that `qos_overrides.<topic>.*` may change. */
export const OVERRIDABLE_POLICIES: readonly number[] = [1, 2, 3, 4];

/**
 * The QoS of an endpoint that keeps the last messages. Best effort, as a sensor's, matches every publisher; reliable
 * matches every subscription.
 */
export function keepLastQos(
  rcl: Pick<RclModule, 'QoS'>,
  depth: number,
  reliability: 'reliable' | 'bestEffort',
  durability: 'transientLocal' | 'volatile' = 'volatile',
): RclQos & { readonly depth: number } {
  return new rcl.QoS(QOS.keepLast, depth, QOS[reliability], QOS[durability]);
}

/**
 * A message class with nothing but its type, e.g. `sensor_msgs/msg/Image`, for endpoints with serialised or deferred
 * messages: rclnodejs's own classes would have to be generated for every package.
 */
export function messageClass(type: string): RclMessageClass {
  const [pkgName = '', subFolder = '', interfaceName = ''] = type.split('/');
  return Object.assign(class {}, { type: () => ({ pkgName, subFolder, interfaceName }) });
}
