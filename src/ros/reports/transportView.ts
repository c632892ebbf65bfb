import { readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const FAST_DDS_VARIABLES = [
  'FASTDDS_DEFAULT_PROFILES_FILE',
  'FASTRTPS_DEFAULT_PROFILES_FILE',
] as const;
export const DEFAULT_MIDDLEWARE = 'rmw_fastrtps_cpp';

/** What a profile of Fast DDS needs for camera images: through shared memory, and from another host. */
const PROFILE_ELEMENTS = ['segment_size', 'receiveBufferSize'] as const;

export type ProfileElement = (typeof PROFILE_ELEMENTS)[number];

/** What messages of this process go through, by files and variables alone. */
export interface TransportView {
  readonly middleware: string;
  /** Of Fast DDS; undefined where none is in force. */
  readonly profile:
    | {
        readonly path: string;
        readonly variable: string;
        readonly lacks: readonly ProfileElement[] | 'file';
        /** Whether it does without shared memory. */
        readonly isUdpOnly: boolean;
      }
    | undefined;
  /** FASTDDS_BUILTIN_TRANSPORTS, which goes in the place of a profile; empty where it is not set. */
  readonly builtinTransports: string;
  /** /dev/shm; undefined where there is none. */
  readonly sharedMemory:
    | {
        readonly totalBytes: number;
        readonly freeBytes: number;
        /** Whether other users' processes have memory of Fast DDS there. */
        readonly hasOtherUsers: boolean;
      }
    | undefined;
  /** net.core.rmem_max; undefined where it is not told. */
  readonly socketLimitBytes: number | undefined;
}

/** @param root prefix of /proc and /dev; for tests. */
export function transportView(
  env: NodeJS.ProcessEnv,
  root = '/',
  ownUserId = process.getuid?.() ?? 0,
): TransportView {
  const variable = FAST_DDS_VARIABLES.find((name) => (env[name] ?? '') !== '');
  const limit = Number(readText(join(root, 'proc/sys/net/core/rmem_max')));
  return {
    middleware: env['RMW_IMPLEMENTATION'] || DEFAULT_MIDDLEWARE,
    profile: variable === undefined ? undefined : profileOf(variable, env[variable] ?? ''),
    builtinTransports: env['FASTDDS_BUILTIN_TRANSPORTS'] ?? '',
    sharedMemory: sharedMemoryOf(join(root, 'dev/shm'), ownUserId),
    socketLimitBytes: limit > 0 ? limit : undefined,
  };
}

function profileOf(variable: string, path: string): TransportView['profile'] {
  const text = readText(path);
  if (text === '') return { path, variable, lacks: 'file', isUdpOnly: false };
  const isUdpOnly = text.includes('<useBuiltinTransports>false') && !text.includes('<type>SHM');
  const wanted = isUdpOnly ? PROFILE_ELEMENTS.slice(1) : PROFILE_ELEMENTS;
  return { path, variable, lacks: wanted.filter((element) => !text.includes(`<${element}>`)), isUdpOnly };
}

function sharedMemoryOf(folder: string, ownUserId: number): TransportView['sharedMemory'] {
  try {
    const { blocks, bavail, bsize } = statfsSync(folder);
    const names = readdirSync(folder).filter((name) => /^(sem\.)?fast(rtps|dds)_/.test(name));
    const hasOtherUsers = names.some((name) => userOf(join(folder, name), ownUserId) !== ownUserId);
    return { totalBytes: blocks * bsize, freeBytes: bavail * bsize, hasOtherUsers };
  } catch {
    return undefined;
  }
}

/** A file that went meanwhile is nobody else's. */
function userOf(path: string, otherwise: number): number {
  try {
    return statSync(path).uid;
  } catch {
    return otherwise;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
