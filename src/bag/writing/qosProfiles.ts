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
  const { depth, reliability, durability } = PROFILES[name];
  const span = (key: string): string => `  ${key}:\n    sec: ${INFINITE.sec}\n    nsec: ${INFINITE.nsec}`;
  return [
    '- history: 1',
    `  depth: ${depth}`,
    `  reliability: ${reliability}`,
    `  durability: ${durability}`,
    span('deadline'),
    span('lifespan'),
    '  liveliness: 1',
    span('liveliness_lease_duration'),
    '  avoid_ros_namespace_conventions: false',
  ].join('\n');
}
