import { QOS, type RclEndpoint, type RclNode, type RclQos } from '../rcl/rcl.js';

/** Endpoints on the other side of a topic. */
export interface OtherEndpoints {
  readonly count: number;
  /** Why one of them is not matched, as `reliability of /camera`; undefined where all are. */
  readonly mismatch: string | undefined;
  /** The message type of one that speaks of something else, as `std_msgs/msg/String of /camera`. */
  readonly wrongType: string | undefined;
}

/** How an endpoint of this node's is declared. */
export interface OwnEndpoint {
  readonly type: string;
  readonly qos: RclQos;
}

/** The policy by which a publisher and a subscription do not meet: it offers less than is requested. */
export function mismatchedPolicy(offered: RclQos, requested: RclQos): string | undefined {
  if (requested.reliability === QOS.reliable && offered.reliability === QOS.bestEffort) return 'reliability';
  if (requested.durability === QOS.transientLocal && offered.durability === QOS.volatile) return 'durability';
  return undefined;
}

/** The publishers of a topic, seen by this subscription. */
export function publishersOf(node: RclNode, topic: string, { type, qos }: OwnEndpoint): OtherEndpoints {
  return others(node.getPublishersInfoByTopic(topic), type, (offered) => mismatchedPolicy(offered, qos));
}

/** The subscriptions of a topic, seen by this publisher. */
export function subscriptionsOf(node: RclNode, topic: string, { type, qos }: OwnEndpoint): OtherEndpoints {
  return others(node.getSubscriptionsInfoByTopic(topic), type, (requested) =>
    mismatchedPolicy(qos, requested),
  );
}

function others(
  endpoints: readonly RclEndpoint[],
  ownType: string,
  policyOf: (qos: RclQos) => string | undefined,
): OtherEndpoints {
  let mismatch: string | undefined;
  let wrongType: string | undefined;
  for (const endpoint of endpoints) {
    const name = `${endpoint.node_namespace === '/' ? '' : endpoint.node_namespace}/${endpoint.node_name}`;
    if (endpoint.topic_type !== ownType) {
      wrongType ??= `${endpoint.topic_type} of ${name}`;
      continue;
    }
    const policy = policyOf(endpoint.qos_profile);
    if (policy !== undefined) mismatch ??= `${policy} of ${name}`;
  }
  return { count: endpoints.length, mismatch, wrongType };
}
