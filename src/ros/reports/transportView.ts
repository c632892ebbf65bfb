import { readdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readText } from '../../core/readInput.js';

export const FAST_DDS_VARIABLES = [
  'FASTDDS_DEFAULT_PROFILES_FILE',
  'FASTRTPS_DEFAULT_PROFILES_FILE',
] as const;
const DEFAULT_MIDDLEWARE = 'rmw_fastrtps_cpp';

/** Elements that a Fast DDS profile needs for camera images: for shared memory, and for other hosts. */
const PROFILE_ELEMENTS = ['segment_size', 'receiveBufferSize'] as const;

export type ProfileElement = (typeof PROFILE_ELEMENTS)[number];

/** The transport of this process's messages, determined only from files and environment variables. */
export type TransportView = ReturnType<typeof transportView>;

/** @param root prefix of /proc and /dev; for tests. */
export function transportView(env: NodeJS.ProcessEnv, root = '/', ownUserId = process.getuid?.() ?? 0) {
  const variable = FAST_DDS_VARIABLES.find((name) => (env[name] ?? '') !== '');
  const limit = Number(readText(join(root, 'proc/sys/net/core/rmem_max')));
  return {
    middleware: env['RMW_IMPLEMENTATION'] || DEFAULT_MIDDLEWARE,
    /** Profile of Fast DDS; undefined if none is active. */
    profile: variable === undefined ? undefined : profileOf(variable, env[variable] ?? ''),
    /** Replaces a profile; empty if not set. */
    builtinTransports: env['FASTDDS_BUILTIN_TRANSPORTS'] ?? '',
    /** State of /dev/shm; undefined if it does not exist. */
    sharedMemory: sharedMemoryOf(join(root, 'dev/shm'), ownUserId),
    /** net.core.rmem_max; undefined if unknown. */
    socketLimitBytes: limit > 0 ? limit : undefined,
  };
}

/** `lacks`: the elements that it should have, or `file` if it cannot be read; `isUdpOnly`: without shared memory. */
function profileOf(variable: string, path: string) {
  const text = readText(path);
  if (text === undefined) return { path, variable, lacks: 'file' as const, isUdpOnly: false };
  const isUdpOnly = text.includes('<useBuiltinTransports>false') && !text.includes('<type>SHM');
  const wanted = isUdpOnly ? PROFILE_ELEMENTS.slice(1) : PROFILE_ELEMENTS;
  return { path, variable, lacks: wanted.filter((element) => !text.includes(`<${element}>`)), isUdpOnly };
}

/** `hasOtherUsers`: other users' processes have Fast DDS memory there. */
function sharedMemoryOf(folder: string, ownUserId: number) {
  try {
    const { blocks, bavail, bsize } = statfsSync(folder);
    const names = readdirSync(folder).filter((name) => /^(sem\.)?fast(rtps|dds)_/.test(name));
    const hasOtherUsers = names.some((name) => userOf(join(folder, name), ownUserId) !== ownUserId);
    return { totalBytes: blocks * bsize, freeBytes: bavail * bsize, hasOtherUsers };
  } catch {
    return undefined;
  }
}

/** Owner of a file; `otherwise` if the file was removed meanwhile. */
function userOf(path: string, otherwise: number): number {
  try {
    return statSync(path).uid;
  } catch {
    return otherwise;
  }
}
