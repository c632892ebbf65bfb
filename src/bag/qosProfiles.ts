import { parse, stringify } from 'yaml';

const INFINITE = { sec: 9223372036, nsec: 854775807 };

/** Profiles by use, with the numbers of rmw (rmw/types.h); `ros2 bag play` publishes with them. */
const PROFILES = {
  /** Results: reliable, the last ten. */
  reliable: { depth: 10, reliability: 1, durability: 2 },
  /** Camera images: best effort, the last five. */
  sensor: { depth: 5, reliability: 2, durability: 2 },
  /** Sent to late joiners too: reliable, transient local, the last one. */
  latched: { depth: 1, reliability: 1, durability: 1 },
} as const;

export type QosName = keyof typeof PROFILES;

/**
 * A profile as rosbag2 stores it with a topic (`offered_qos_profiles`): YAML with the policies' numbers, the
 * form of metadata version 8 and before, which every later version reads too.
 */
export function offeredQosProfiles(name: QosName): string {
  const profile = {
    history: 1,
    ...PROFILES[name],
    deadline: INFINITE,
    lifespan: INFINITE,
    liveliness: 1,
    liveliness_lease_duration: INFINITE,
    avoid_ros_namespace_conventions: false,
  };
  return stringify([profile], { aliasDuplicateObjects: false }).trimEnd();
}

/** QoS that a topic's publisher offered; a playback uses it to match the same subscribers. */
export interface RecordedQos {
  readonly reliability: 'reliable' | 'best_effort';
  readonly durability: 'volatile' | 'transient_local';
  /** Messages that are retained for slow or late subscribers. */
  readonly depth: number;
}

/** rosbag2's QoS if the recording has none, or its publishers differed. */
const DEFAULT_QOS: RecordedQos = { reliability: 'reliable', durability: 'volatile', depth: 10 };

/** Depth for keep-all and unknown histories; a larger one would only use memory. */
const MOST_KEPT = 1000;

/**
 * Reads a topic's `offered_qos_profiles`, with numbers (rmw/types.h) or names (metadata version 9). As rosbag2 does,
 * profiles of several publishers are used if they agree.
 */
export function recordedQos(yaml: string | undefined): RecordedQos {
  if (yaml === undefined) return DEFAULT_QOS;
  let profiles: unknown;
  try {
    profiles = parse(yaml, { logLevel: 'error' });
  } catch {
    return DEFAULT_QOS;
  }
  if (!Array.isArray(profiles) || profiles.length === 0) return DEFAULT_QOS;
  const read = profiles.map(profileOf);
  const [first = DEFAULT_QOS] = read;
  const isSame = read.every(
    ({ reliability, durability }) => reliability === first.reliability && durability === first.durability,
  );
  if (!isSame) return DEFAULT_QOS;
  return { ...first, depth: Math.max(...read.map(({ depth }) => depth)) };
}

function profileOf(profile: unknown): RecordedQos {
  if (typeof profile !== 'object' || profile === null) return DEFAULT_QOS;
  const { reliability, durability, history, depth } = profile as Readonly<Record<string, unknown>>;
  const keepsLast = history === 1 || history === 'keep_last';
  const kept = keepsLast && typeof depth === 'number' && depth >= 1 ? depth : DEFAULT_QOS.depth;
  return {
    reliability: reliability === 2 || reliability === 'best_effort' ? 'best_effort' : 'reliable',
    durability: durability === 1 || durability === 'transient_local' ? 'transient_local' : 'volatile',
    depth: Math.min(Math.floor(kept), MOST_KEPT),
  };
}
