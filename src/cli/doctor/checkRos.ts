import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { packagePath } from '../../core/packageRoot.js';
import { rosProblem } from '../../ros/rcl/rosEnvironment.js';
import { type Finding, type Machine, ok, problem, warning } from './Finding.js';

/** Bytes of one image of the camera, as raw sensor_msgs/Image. */
export type FrameBytes = number;

const DEFAULT_MIDDLEWARE = 'rmw_fastrtps_cpp';
/** What config/fastdds.xml reserves for each process. */
const SEGMENT_BYTES = 64 * 2 ** 20;
/** The camera's process and the node's. */
const PROCESSES = 2;
const FAST_DDS_VARIABLES = ['FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE'] as const;
const MIB = 2 ** 20;

/**
 * ROS as this shell has it, by files and variables alone.
 *
 * @param problemOf why the node could not run; see {@link rosProblem}.
 */
export function checkRos(
  machine: Machine,
  frameBytes: FrameBytes,
  problemOf: (env: NodeJS.ProcessEnv) => string | undefined = rosProblem,
): Finding[] {
  const { env } = machine;
  const distro = env['ROS_DISTRO'];
  const findings: Finding[] = [];
  if (distro === undefined || distro === '') {
    findings.push(
      warning(
        'ROS 2',
        'not sourced in this shell: pictures, bags and benches work, `effvit node` does not',
        'source /opt/ros/<distro>/setup.bash (on a machine without ROS: npm run ros -- node bin/effvit.mjs doctor)',
      ),
    );
  } else {
    findings.push(ok('ROS 2', `${distro} is sourced`), checkNodeParts(env, problemOf));
  }
  findings.push(checkMiddleware(env), ...checkRoom(machine, frameBytes));
  return findings;
}

function checkNodeParts(
  env: NodeJS.ProcessEnv,
  problemOf: (env: NodeJS.ProcessEnv) => string | undefined,
): Finding {
  const name = 'rclnodejs and messages';
  const sentence = problemOf(env);
  if (sentence === undefined) return ok(name, 'the native part loads, and all messages are there');
  const [found = sentence, ...rest] = sentence.replace(/\.$/, '').split(': ');
  return problem(name, found, rest.join(': ') || 'npm run ros:setup');
}

function checkMiddleware(env: NodeJS.ProcessEnv): Finding {
  const name = 'middleware';
  const chosen = env['RMW_IMPLEMENTATION'] || DEFAULT_MIDDLEWARE;
  if (chosen.includes('fastrtps')) {
    const own = packagePath('config', 'fastdds.xml');
    const variable = FAST_DDS_VARIABLES.find((one) => (env[one] ?? '') !== '');
    const remedy = `export FASTRTPS_DEFAULT_PROFILES_FILE=${own} FASTDDS_DEFAULT_PROFILES_FILE=${own}`;
    if (variable === undefined) {
      return warning(
        name,
        `${chosen} with its own small shared memory: it loses about half of a camera's images`,
        `${remedy} (in the camera's shell too)`,
      );
    }
    const path = env[variable] ?? '';
    if (!existsSync(path)) return problem(name, `${variable} names ${path}, which is not there`, remedy);
    return ok(name, `${chosen} with the profile ${path}`);
  }
  if (chosen.includes('cyclonedds')) {
    const uri = env['CYCLONEDDS_URI'] ?? '';
    if (uri !== '') return ok(name, `${chosen} with ${uri}`);
    return warning(
      name,
      `${chosen} without a profile: large images are lost where the socket buffers are small`,
      `export CYCLONEDDS_URI=file://${packagePath('config', 'cyclonedds.xml')}`,
    );
  }
  return ok(name, `${chosen}, for which there is no profile here`);
}

/** Socket buffers and shared memory, against the size of one image. */
function checkRoom({ root }: Machine, frameBytes: FrameBytes): Finding[] {
  const findings: Finding[] = [];
  const limit = Number(readText(join(root, 'proc/sys/net/core/rmem_max')));
  if (limit > 0) {
    const found = `up to ${mib(limit)} MiB for images of ${mib(frameBytes)} MiB`;
    // Powers of two, as such settings are usually written.
    const wanted = 2 ** Math.ceil(Math.log2(2 * frameBytes));
    findings.push(
      limit >= frameBytes
        ? ok('socket buffers', found)
        : warning(
            'socket buffers',
            `${found}: a camera on another host loses images`,
            `sudo sysctl -w net.core.rmem_max=${wanted}`,
          ),
    );
  }
  const free = freeBytes(join(root, 'dev/shm'));
  if (free === undefined) {
    findings.push(
      warning('shared memory', 'there is no /dev/shm', 'sudo mount -t tmpfs -o size=1g tmpfs /dev/shm'),
    );
    return findings;
  }
  const needed = PROCESSES * SEGMENT_BYTES;
  const found = `${mib(free)} MiB free in /dev/shm, of which camera and node take ${mib(needed)} with config/fastdds.xml (${Math.floor(SEGMENT_BYTES / frameBytes)} images each)`;
  findings.push(
    free >= needed
      ? ok('shared memory', found)
      : problem(
          'shared memory',
          found,
          'fastdds shm clean, which removes what killed nodes left; then sudo mount -o remount,size=1g /dev/shm (in Docker: --shm-size=1g)',
        ),
  );
  return findings;
}

function freeBytes(path: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function mib(bytes: number): string {
  const value = bytes / MIB;
  return value < 10 ? value.toFixed(1) : value.toFixed(0);
}
