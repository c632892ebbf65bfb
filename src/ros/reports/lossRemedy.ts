import type { PublisherPlace } from './otherEndpoints.js';
import type { TransportView } from './transportView.js';

/** Shared memory that config/fastdds.xml reserves per process; the camera and the node are one process each. */
export const SEGMENT_BYTES = 64 * 2 ** 20;
export const PROCESSES = 2;
/** Socket buffer in config/fastdds.xml; net.core.rmem_max should allow it. */
export const SOCKET_BUFFER_BYTES = 16 * 2 ** 20;
/** A socket with a smaller buffer loses images of 640x480. */
const LEAST_SOCKET_BYTES = 2 ** 20;
/** Five images wait in the middleware: at 30 per second images are lost if the node stalls for longer than this. */
const STALLED_MS = 150;
const RELIABLE = 'qos_overrides.<topic>.subscription.reliability:=reliable, where the camera offers it';

export interface LossCircumstances {
  readonly place: PublisherPlace | undefined;
  readonly transport: TransportView;
  /** 99th percentile of the event loop's delay in the last second. */
  readonly eventLoopDelayMs: number | undefined;
}

/** The likeliest cause of lost images and the remedy, as the end of a sentence. */
export function lossRemedy({ place, transport, eventLoopDelayMs = 0 }: LossCircumstances): string {
  if (eventLoopDelayMs > STALLED_MS) {
    return `this node stood still for ${Math.round(eventLoopDelayMs)} ms: give it more of the processor, or fewer threads`;
  }
  const isFastDds = transport.middleware.includes('fastrtps');
  if (place === 'remote') return remoteRemedy(transport, isFastDds);
  if (place === 'local' && isFastDds) return localRemedy(transport);
  const profile = isFastDds ? 'config/fastdds.xml' : 'config/cyclonedds.xml';
  return `give the camera's process ${profile} too, and for a camera on another host raise net.core.rmem_max`;
}

function remoteRemedy(
  { profile, builtinTransports, socketLimitBytes }: TransportView,
  isFastDds: boolean,
): string {
  const from = 'the camera is on another host';
  if (isFastDds && builtinTransports === '') {
    if (profile === undefined)
      return `${from}, and this node runs without config/fastdds.xml: start it with that`;
    if (profile.lacks === 'file')
      return `${from}, and ${profile.variable} names no file: set it to config/fastdds.xml`;
    if (profile.lacks.includes('receiveBufferSize')) {
      return `${from}, and ${profile.path} asks for no receiveBufferSize: take it from config/fastdds.xml`;
    }
  }
  if (socketLimitBytes !== undefined && socketLimitBytes < LEAST_SOCKET_BYTES) {
    return `${from}, and its images do not fit into sockets of ${socketLimitBytes} bytes: sudo sysctl -w net.core.rmem_max=${SOCKET_BUFFER_BYTES}, or ${RELIABLE}`;
  }
  return `${from}, and the network loses what it sends: send compressed images, or set ${RELIABLE}`;
}

function localRemedy({ profile, builtinTransports, sharedMemory }: TransportView): string {
  if (builtinTransports !== '') {
    return `FASTDDS_BUILTIN_TRANSPORTS=${builtinTransports} is in force: give node and camera config/fastdds.xml instead`;
  }
  if (sharedMemory === undefined) {
    return 'there is no /dev/shm: mount one of 1 GB, or run this node with config/fastdds_udp.xml';
  }
  if (sharedMemory.hasOtherUsers) {
    return 'another user has shared memory of Fast DDS here, and users cannot share it: run camera and node as one user, or this node with config/fastdds_udp.xml';
  }
  if (sharedMemory.totalBytes < PROCESSES * SEGMENT_BYTES || sharedMemory.freeBytes === 0) {
    const size = Math.floor(sharedMemory.totalBytes / 2 ** 20);
    return `/dev/shm has ${size} MB, too few for images: sudo mount -o remount,size=1g /dev/shm (in Docker: --shm-size=1g), or run this node with config/fastdds_udp.xml`;
  }
  if (profile === undefined) return "give this node and the camera's process config/fastdds.xml";
  if (profile.lacks === 'file') return `${profile.variable} names no file: set it to config/fastdds.xml`;
  if (profile.isUdpOnly) {
    return `images come by UDP by ${profile.path}: sudo sysctl -w net.core.rmem_max=${SOCKET_BUFFER_BYTES} where it is smaller, or ${RELIABLE}`;
  }
  if (profile.lacks.includes('segment_size')) {
    return `${profile.path} asks for no segment_size: take it from config/fastdds.xml, for the camera's process too`;
  }
  return "give the camera's process config/fastdds.xml too";
}
