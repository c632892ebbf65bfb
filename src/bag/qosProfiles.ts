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

/** rosbag2's QoS if the recording has none, or its publishers differed. */
const DEFAULT_QOS = { isBestEffort: false, isLatched: false };

/**
 * QoS that a topic's publishers offered; a playback uses it to match the same subscribers. Reads
 * `offered_qos_profiles`, with numbers (rmw/types.h) or names (metadata version 9). As rosbag2 does, profiles of several
 * publishers are used if they agree.
 */
export function recordedQos(yaml: string | undefined): typeof DEFAULT_QOS {
  let profiles: unknown;
  try {
    profiles = parse(yaml ?? '', { logLevel: 'error' });
  } catch {
    return DEFAULT_QOS;
  }
  if (!Array.isArray(profiles)) return DEFAULT_QOS;
  const [first = DEFAULT_QOS, ...others] = profiles.map((profile: Record<string, unknown> | null) => ({
    isBestEffort: [2, 'best_effort'].includes(profile?.['reliability'] as string),
    isLatched: [1, 'transient_local'].includes(profile?.['durability'] as string),
  }));
  const isSame = others.every(
    ({ isBestEffort, isLatched }) => isBestEffort === first.isBestEffort && isLatched === first.isLatched,
  );
  return isSame ? first : DEFAULT_QOS;
}
