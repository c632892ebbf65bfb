import assert from 'node:assert/strict';
import { lossRemedy } from '../../../../src/ros/reports/lossRemedy.js';
import type { TransportView } from '../../../../src/ros/reports/transportView.js';

const MIB = 2 ** 20;
const VARIABLE = 'FASTRTPS_DEFAULT_PROFILES_FILE';
const memory = { totalBytes: 1024 * MIB, freeBytes: 900 * MIB, hasOtherUsers: false };
const good: TransportView = {
  middleware: 'rmw_fastrtps_cpp',
  profile: { path: '/x/own.xml', variable: VARIABLE, isUdpOnly: false, lacks: [] },
  builtinTransports: '',
  sharedMemory: memory,
  socketLimitBytes: 16 * MIB,
};
const lacking = (...lacks: ('segment_size' | 'receiveBufferSize')[]) => ({
  profile: { path: '/x/own.xml', variable: VARIABLE, isUdpOnly: false, lacks },
});

describe('lossRemedy', () => {
  const cases: readonly (readonly [
    string,
    'local' | 'remote' | undefined,
    Partial<TransportView>,
    RegExp,
  ])[] = [
    ['the camera lacks the profile', 'local', {}, /^give the camera's process config\/fastdds\.xml too$/],
    ['neither has it', 'local', { profile: undefined }, /give this node and the camera's process/],
    ['another profile, small segment', 'local', lacking('segment_size'), /own\.xml asks for no segment_size/],
    [
      'a profile that is not there',
      'local',
      { profile: { path: '/x', variable: VARIABLE, isUdpOnly: false, lacks: 'file' } },
      /names no file/,
    ],
    [
      'another user',
      'local',
      { sharedMemory: { ...memory, hasOtherUsers: true } },
      /as one user, or this node with config\/fastdds_udp\.xml/,
    ],
    [
      'small /dev/shm',
      'local',
      { sharedMemory: { ...memory, totalBytes: 64 * MIB } },
      /has 64 MB.*--shm-size=1g/,
    ],
    ['full /dev/shm', 'local', { sharedMemory: { ...memory, freeBytes: 0 } }, /shm-size/],
    ['no /dev/shm', 'local', { sharedMemory: undefined }, /there is no \/dev\/shm/],
    [
      'other transports',
      'local',
      { builtinTransports: 'UDPv4' },
      /FASTDDS_BUILTIN_TRANSPORTS=UDPv4 is in force/,
    ],
    [
      'remote, small sockets',
      'remote',
      { socketLimitBytes: 212992 },
      /another host.*rmem_max=16777216, or qos_overrides/,
    ],
    ['remote, no profile', 'remote', { profile: undefined }, /node runs without config\/fastdds\.xml/],
    ['remote, another profile', 'remote', lacking('receiveBufferSize'), /asks for no receiveBufferSize/],
    ['remote, all is well here', 'remote', {}, /network loses.*compressed images, or set qos_overrides/],
    [
      'remote, Cyclone DDS',
      'remote',
      { middleware: 'rmw_cyclonedds_cpp', socketLimitBytes: 1000 },
      /rmem_max=/,
    ],
    [
      'somewhere',
      undefined,
      {},
      /camera's process config\/fastdds\.xml too, and for a camera on another host/,
    ],
    ['somewhere, Cyclone DDS', 'local', { middleware: 'rmw_cyclonedds_cpp' }, /config\/cyclonedds\.xml/],
  ];
  for (const [what, place, parts, expected] of cases) {
    it(`knows what helps: ${what}`, () => {
      const transport = { ...good, ...parts };
      assert.match(lossRemedy({ place, transport, eventLoopDelayMs: 3 }), expected);
      assert.match(
        lossRemedy({ place, transport, eventLoopDelayMs: 900 }),
        /^this node stood still for 900 ms/,
      );
    });
  }
});
