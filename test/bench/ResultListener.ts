import { QOS, type RclModule, type RclNode } from '../../src/ros/rcl/rcl.js';

/** When a result came, and how old its image was then. */
export interface Arrival {
  readonly atMs: number;
  readonly latencyMs: number;
}

/**
 * Another node that takes /classification, as CDR so that it costs next to nothing: end to end is from the camera's
 * stamp until the result has arrived here.
 */
export class ResultListener {
  readonly #arrivals: Arrival[] = [];
  readonly #node: RclNode;
  readonly #subscription: object;

  constructor(rcl: RclModule, node: RclNode, type: 'vision_msgs/msg/Classification' | 'std_msgs/msg/String') {
    this.#node = node;
    const qos = new rcl.QoS(QOS.keepLast, 1000, QOS.reliable, QOS.volatile);
    const stampMs = type === 'std_msgs/msg/String' ? jsonStampMs : headerStampMs;
    this.#subscription = node.createSubscription(type, '/classification', { isRaw: true, qos }, (data) => {
      const nowMs = performance.timeOrigin + performance.now();
      this.#arrivals.push({ atMs: nowMs, latencyMs: nowMs - stampMs(data) });
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

/** The stamp that every message with a header begins with. */
function headerStampMs(data: Uint8Array): number {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return view.getInt32(4, true) * 1000 + view.getUint32(8, true) / 1e6;
}

/** `{"stamp": [sec, nanosec], ...` as the peer writes it. */
function jsonStampMs(data: Uint8Array): number {
  const text = Buffer.from(data.subarray(8)).toString('latin1').replace(/\0+$/, '');
  const { stamp } = JSON.parse(text) as { stamp: [number, number] };
  return stamp[0] * 1000 + stamp[1] / 1e6;
}
