import { packagePath } from '../../core/packageRoot.js';
import { rosProblem } from '../../ros/rcl/rosEnvironment.js';
import { PROCESSES, SEGMENT_BYTES, SOCKET_BUFFER_BYTES } from '../../ros/reports/lossRemedy.js';
import {
  FAST_DDS_VARIABLES,
  type ProfileElement,
  type TransportView,
  transportView,
} from '../../ros/reports/transportView.js';
import { type Finding, type Machine, ok, problem, warning } from './Finding.js';

/** Images that are lost without this element of the profile. */
const LOST_WITHOUT: Readonly<Record<ProfileElement, string>> = {
  segment_size: 'of a camera on this machine',
  receiveBufferSize: 'of a camera on another host',
};
const MIB = 2 ** 20;

/**
 * The ROS environment of this shell, from files and environment variables only.
 *
 * @param frameBytes of one image of the camera, as raw sensor_msgs/Image.
 * @param problemOf why the node could not run; see {@link rosProblem}.
 */
export function checkRos(
  machine: Machine,
  frameBytes: number,
  problemOf: typeof rosProblem = rosProblem,
): Finding[] {
  const { env } = machine;
  const transport = transportView(env, machine.root);
  return [
    ...checkSourced(machine, problemOf),
    checkMiddleware(transport, env),
    ...checkRoom(transport, frameBytes),
  ];
}

function checkSourced({ env, arch }: Machine, problemOf: typeof rosProblem): Finding[] {
  const distro = env['ROS_DISTRO'] ?? '';
  if (distro !== '') return [ok('ROS 2', `${distro} is sourced`), checkNodeParts(env, problemOf)];
  const found = 'not sourced in this shell: pictures, bags and benches work, `effvit node` does not';
  // The private ROS installation exists for x64 only.
  const remedy =
    arch === 'x64'
      ? 'source /opt/ros/<distro>/setup.bash (on a machine without ROS: npm run ros -- npx effvit doctor)'
      : 'source /opt/ros/<distro>/setup.bash, on an RDK board /opt/tros/<distro>/setup.bash';
  return [warning('ROS 2', found, remedy)];
}

function checkNodeParts(env: NodeJS.ProcessEnv, problemOf: typeof rosProblem): Finding {
  const name = 'rclnodejs and messages';
  const sentence = problemOf(env);
  if (sentence === undefined) return ok(name, 'the native part loads, and all messages are there');
  const [found = sentence, ...rest] = sentence.replace(/\.$/, '').split(': ');
  return problem(name, found, rest.join(': ') || 'npm run ros:setup');
}

function checkMiddleware(
  { middleware, profile, builtinTransports }: TransportView,
  env: NodeJS.ProcessEnv,
): Finding {
  const name = 'middleware';
  if (middleware.includes('fastrtps')) {
    const own = packagePath('config', 'fastdds.xml');
    const remedy = `export ${FAST_DDS_VARIABLES.map((variable) => `${variable}=${own}`).join(' ')}`;
    if (builtinTransports !== '') {
      return ok(name, `${middleware} with FASTDDS_BUILTIN_TRANSPORTS=${builtinTransports}`);
    }
    if (profile === undefined) {
      return warning(
        name,
        `${middleware} with its own small shared memory and sockets: it loses about half of a camera's images, and more from another host`,
        `${remedy} (in the shell of a camera on this machine too)`,
      );
    }
    const { path, variable, lacks } = profile;
    if (lacks === 'file')
      return problem(name, `${variable} names ${path}, which is not there or empty`, remedy);
    if (lacks.length > 0) {
      const lost = lacks.map((element) => LOST_WITHOUT[element]).join(' and ');
      return warning(
        name,
        `${middleware} with the profile ${path}, which has no ${lacks.join(' and no ')}: images ${lost} are lost`,
        `take these from ${own}`,
      );
    }
    return ok(name, `${middleware} with the profile ${path}`);
  }
  if (middleware.includes('cyclonedds')) {
    const uri = env['CYCLONEDDS_URI'] ?? '';
    if (uri !== '') return ok(name, `${middleware} with ${uri}`);
    return warning(
      name,
      `${middleware} without a profile: large images are lost where the socket buffers are small`,
      `export CYCLONEDDS_URI=file://${packagePath('config', 'cyclonedds.xml')}`,
    );
  }
  return ok(name, `${middleware}, for which there is no profile here`);
}

/** Compares socket buffers and shared memory with the size of one image. */
function checkRoom({ sharedMemory, socketLimitBytes }: TransportView, frameBytes: number): Finding[] {
  const findings: Finding[] = [];
  if (socketLimitBytes !== undefined) {
    const found = `up to ${mib(socketLimitBytes)} MiB for images of ${mib(frameBytes)} MiB`;
    const setting = `net.core.rmem_max=${SOCKET_BUFFER_BYTES}`;
    const small = `${found}: a camera on another host loses images`;
    const remedy = `echo ${setting} | sudo tee /etc/sysctl.d/60-camera-images.conf && sudo sysctl -w ${setting}; without root: qos_overrides.<topic>.subscription.reliability:=reliable`;
    const isEnough = socketLimitBytes >= frameBytes;
    findings.push(isEnough ? ok('socket buffers', found) : warning('socket buffers', small, remedy));
  }
  if (sharedMemory === undefined) {
    const mount = 'sudo mount -t tmpfs -o size=1g tmpfs /dev/shm';
    return [...findings, warning('shared memory', 'there is no /dev/shm', mount)];
  }
  const needed = PROCESSES * SEGMENT_BYTES;
  const found = `${mib(sharedMemory.freeBytes)} MiB free in /dev/shm, of which camera and node take ${mib(needed)} with config/fastdds.xml (${Math.floor(SEGMENT_BYTES / frameBytes)} images each)`;
  const remedy =
    'fastdds shm clean, which removes what killed nodes left; then sudo mount -o remount,size=1g /dev/shm (in Docker: --shm-size=1g); or FASTRTPS_DEFAULT_PROFILES_FILE set to config/fastdds_udp.xml for the node';
  const isRoomy = sharedMemory.freeBytes >= needed;
  findings.push(isRoomy ? ok('shared memory', found) : problem('shared memory', found, remedy));
  if (sharedMemory.hasOtherUsers) {
    findings.push(
      warning(
        'users',
        'another user has shared memory of Fast DDS in /dev/shm: images between processes of two users are lost',
        'run the camera and the node as one user, or set FASTRTPS_DEFAULT_PROFILES_FILE to config/fastdds_udp.xml for the node',
      ),
    );
  }
  return findings;
}

function mib(bytes: number): string {
  const value = bytes / MIB;
  return value < 10 ? value.toFixed(1) : value.toFixed(0);
}
