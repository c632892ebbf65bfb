import { parse } from '@foxglove/rosmsg';
import { MessageReader } from '@foxglove/rosmsg2-serialization';
import { messageDefinition } from '../../../src/messages/definitions/messageDefinition.js';
import { QOS, type RclModule, type RclNode } from '../../../src/ros/rcl/rcl.js';

const TYPE = 'effvit/msg/FrameReport';
const NS_PER_MS = 1e6;

/** Where the time of one classified frame went. */
export interface FrameTimes {
  readonly queueWaitMs: number;
  /** As its worker saw the device: from the input's being handed over until the output could be read. */
  readonly deviceMs: number;
  /** From the moment that a worker was free for it until its result was delivered. */
  readonly afterQueueMs: number;
}

interface Report {
  readonly drop_cause: string;
  readonly queue_wait_ns: bigint;
  readonly inference_ns: bigint;
  readonly total_ns: bigint;
}

/** Another node that takes ~/frames as CDR, to be read when the measurement is over. */
export class FrameReportListener {
  readonly #node: RclNode;
  readonly #subscription: object;
  readonly #messages: Buffer[] = [];

  constructor(rcl: RclModule, node: RclNode, topic: string) {
    this.#node = node;
    const qos = new rcl.QoS(QOS.keepLast, 1000, QOS.reliable, QOS.volatile);
    this.#subscription = node.createSubscription(TYPE, topic, { isRaw: true, qos }, (data) => {
      this.#messages.push(Buffer.from(data));
    });
  }

  get count(): number {
    return this.#messages.length;
  }

  /** Of the classified frames between two counts. */
  between(first: number, end: number): FrameTimes[] {
    const reader = new MessageReader<Report>(parse(messageDefinition(TYPE), { ros2: true }));
    return this.#messages
      .slice(first, end)
      .map((message) => reader.readMessage(message))
      .filter((report) => report.drop_cause === '')
      .map(({ queue_wait_ns, inference_ns, total_ns }) => ({
        queueWaitMs: Number(queue_wait_ns) / NS_PER_MS,
        deviceMs: Number(inference_ns) / NS_PER_MS,
        afterQueueMs: Number(total_ns - queue_wait_ns) / NS_PER_MS,
      }));
  }

  destroy(): void {
    this.#node.destroySubscription(this.#subscription);
  }
}
