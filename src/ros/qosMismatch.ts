import { QOS, type RclEndpoint, type RclNode, type RclQos } from './rcl.js';

/** Endpoints on the other side of a topic. */
export interface OtherEndpoints {
  readonly count: number;
  /** Why one of them is not matched, as `reliability of /camera`; undefined where all are. */
  readonly mismatch: string | undefined;
}

/** The policy by which a publisher and a subscription do not meet: it offers less than is requested. */
export function mismatchedPolicy(offered: RclQos, requested: RclQos): string | undefined {
  if (requested.reliability === QOS.reliable && offered.reliability === QOS.bestEffort) return 'reliability';
  if (requested.durability === QOS.transientLocal && offered.durability === QOS.volatile) return 'durability';
  return undefined;
}

/** The publishers of a topic, seen by a subscription of this QoS. */
export function publishersOf(node: RclNode, topic: string, requested: RclQos): OtherEndpoints {
  return others(node.getPublishersInfoByTopic(topic), (offered) => mismatchedPolicy(offered, requested));
}

/** The subscriptions of a topic, seen by a publisher of this QoS. */
export function subscriptionsOf(node: RclNode, topic: string, offered: RclQos): OtherEndpoints {
  return others(node.getSubscriptionsInfoByTopic(topic), (requested) => mismatchedPolicy(offered, requested));
}

function others(
  endpoints: readonly RclEndpoint[],
  problemOf: (qos: RclQos) => string | undefined,
): OtherEndpoints {
  for (const { node_name, node_namespace, qos_profile } of endpoints) {
    const policy = problemOf(qos_profile);
    if (policy === undefined) continue;
    const name = `${node_namespace === '/' ? '' : node_namespace}/${node_name}`;
    return { count: endpoints.length, mismatch: `${policy} of ${name}` };
  }
  return { count: endpoints.length, mismatch: undefined };
}
