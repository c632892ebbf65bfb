import { QOS, type RclEndpoint, type RclNode, type RclQos } from '../rcl/rcl.js';

/** On this host or on another. */
export type PublisherPlace = 'local' | 'remote';

/** Endpoints on the other side of a topic. */
export interface OtherEndpoints {
  readonly count: number;
  /** Why one of them does not match, e.g. `reliability of /camera`; undefined if all match. */
  readonly mismatch?: string | undefined;
  /** The message type of one with another type, e.g. `std_msgs/msg/String of /camera`. */
  readonly wrongType?: string | undefined;
  /** Place of the publishers, if the middleware reports it; absent for subscriptions. */
  readonly place?: PublisherPlace | undefined;
}

/** Type and QoS of an endpoint of this node. */
export interface OwnEndpoint {
  readonly type: string;
  readonly qos: RclQos;
}

/** The policy that prevents a match: the publisher offers less than the subscription requests. */
export function mismatchedPolicy(offered: RclQos, requested: RclQos): string | undefined {
  if (requested.reliability === QOS.reliable && offered.reliability === QOS.bestEffort) return 'reliability';
  if (requested.durability === QOS.transientLocal && offered.durability === QOS.volatile) return 'durability';
  return undefined;
}

/** The publishers of a topic, from the view of this subscription. */
export function publishersOf(node: RclNode, topic: string, { type, qos }: OwnEndpoint): OtherEndpoints {
  const publishers = node.getPublishersInfoByTopic(topic);
  const found = others(publishers, type, (offered) => mismatchedPolicy(offered, qos));
  const own = node
    .getSubscriptionsInfoByTopic(topic)
    .find((one) => nodeOf(one) === node.getFullyQualifiedName());
  return { ...found, place: placeOf(publishers, own) };
}

/** The fully qualified name of the node with an endpoint. */
function nodeOf({ node_name, node_namespace }: RclEndpoint): string {
  return `${node_namespace === '/' ? '' : node_namespace}/${node_name}`;
}

/** Bytes of a Fast DDS GUID that are equal for all processes of a host: the vendor id, then the host id. */
const HOST_BYTES = 4;
const FAST_DDS_VENDOR = [0x01, 0x0f] as const;

/** Place of the publishers by their GUIDs; undefined with another middleware, or if they are on several hosts. */
export function placeOf(
  publishers: readonly Pick<RclEndpoint, 'endpoint_gid'>[],
  own: Pick<RclEndpoint, 'endpoint_gid'> | undefined,
): PublisherPlace | undefined {
  const hostOf = ({ endpoint_gid: gid = [] }: Pick<RclEndpoint, 'endpoint_gid'>): string | undefined =>
    FAST_DDS_VENDOR.every((byte, index) => gid[index] === byte) ? gid.slice(0, HOST_BYTES).join() : undefined;
  const here = own && hostOf(own);
  const hosts = new Set(publishers.map(hostOf));
  if (here === undefined || hosts.size === 0 || hosts.has(undefined)) return undefined;
  if (!hosts.has(here)) return 'remote';
  return hosts.size === 1 ? 'local' : undefined;
}

/** The subscriptions of a topic, from the view of this publisher. */
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
    const { topic_type: type, qos_profile: qos } = endpoint;
    const policy = type === ownType ? policyOf(qos) : undefined;
    if (type !== ownType) wrongType ??= `${type} of ${nodeOf(endpoint)}`;
    if (policy !== undefined) mismatch ??= `${policy} of ${nodeOf(endpoint)}`;
  }
  return { count: endpoints.length, mismatch, wrongType };
}
