import { QOS, type RclModule, type RclNode } from '../../../src/ros/rcl/rcl.js';

export type ResultType = 'vision_msgs/msg/Classification' | 'std_msgs/msg/String';

/** When a result came, and how old its image was then. */
export interface Arrival {
  readonly atMs: number;
  readonly latencyMs: number;
  readonly stamp: { readonly sec: number; readonly nanosec: number };
  /** The result as it is serialised. */
  readonly message: Uint8Array;
}

/** The answer of the rclpy peer. */
interface PeerAnswer {
  readonly stamp: readonly [sec: number, nanosec: number];
  readonly top: readonly (readonly [index: number, score: number])[];
}

/**
 * Another node that takes /classification, as CDR so that it costs next to nothing: end to end is from the camera's
 * stamp until the result has arrived here.
 */
export class ResultListener {
  readonly #arrivals: Arrival[] = [];
  readonly #node: RclNode;
  readonly #subscription: object;

  constructor(rcl: RclModule, node: RclNode, type: ResultType) {
    this.#node = node;
    const qos = new rcl.QoS(QOS.keepLast, 1000, QOS.reliable, QOS.volatile);
    const stampOf = type === 'std_msgs/msg/String' ? jsonStamp : headerStamp;
    this.#subscription = node.createSubscription(type, '/classification', { isRaw: true, qos }, (message) => {
      const atMs = performance.timeOrigin + performance.now();
      const stamp = stampOf(message);
      this.#arrivals.push({ atMs, latencyMs: atMs - stamp.sec * 1000 - stamp.nanosec / 1e6, stamp, message });
    });
  }

  get count(): number {
    return this.#arrivals.length;
  }

  /** Those that came from now on, with the time in between. */
  since(index: number): readonly Arrival[] {
    return this.#arrivals.slice(index);
  }

  destroy(): void {
    this.#node.destroySubscription(this.#subscription);
  }
}

/** The peer's message: std_msgs/String with JSON. */
export function peerAnswer(message: Uint8Array): PeerAnswer {
  return JSON.parse(Buffer.from(message.subarray(8)).toString('latin1').replace(/\0+$/, '')) as PeerAnswer;
}

/** The stamp that every message with a header begins with. */
function headerStamp(data: Uint8Array): Arrival['stamp'] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return { sec: view.getInt32(4, true), nanosec: view.getUint32(8, true) };
}

function jsonStamp(data: Uint8Array): Arrival['stamp'] {
  const [sec, nanosec] = peerAnswer(data).stamp;
  return { sec, nanosec };
}
