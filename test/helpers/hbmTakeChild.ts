// A process of its own, in a ROS environment, that sends itself HbmMsg1080P messages as CDR and takes each into an empty
// structure, as the node does: node hbmTakeChild.js. Prints one line of JSON.

import { HBM_DATA_BYTES, HBM_LAYOUT } from '../../src/image/hbmImageFrame.js';
import { copyValidBytesOnly } from '../../src/ros/images/copyValidBytesOnly.js';
import { hbmImageSamples } from '../../src/ros/images/sampleKind.js';
import { nodeWithDeferredTakes, subscribeDeferred } from '../../src/ros/patches/nodeWithDeferredTakes.js';
import { messageClass, QOS } from '../../src/ros/rcl/rcl.js';
import { loadRcl } from '../../src/ros/rcl/rosEnvironment.js';

/** What became of one message. */
export interface HbmTake {
  readonly isTaken: boolean;
  /** Bytes of the structure that are as in the message, from its start; behind them all are zero, or this is -1. */
  readonly copiedBytes: number;
}

export interface HbmTakes {
  /** Whether only the valid bytes are copied. */
  readonly isShort: boolean;
  readonly takes: Readonly<Record<string, HbmTake>>;
}

const CAPACITY_BYTES = HBM_DATA_BYTES['hbm_img_msgs/msg/HbmMsg1080P'] ?? 0;
const ENCAPSULATION_BYTES = 4;
const LIMIT_MS = 60_000;

/** A message without a zero byte in its fields and its array. */
function cdr(dataSizeBytes: number, { lengthBytes = CAPACITY_BYTES, isLittleEndian = true } = {}): Buffer {
  const bytes = Buffer.alloc(ENCAPSULATION_BYTES + HBM_LAYOUT.data + lengthBytes, 0xab);
  bytes.set([0, isLittleEndian ? 1 : 0, 0, 0]);
  bytes.writeUInt32LE(dataSizeBytes, ENCAPSULATION_BYTES + HBM_LAYOUT.dataSize);
  return bytes;
}

const MESSAGES: Readonly<Record<string, Buffer>> = {
  small: cdr(0x0303),
  full: cdr(CAPACITY_BYTES),
  oversized: cdr(0xffffffff),
  empty: cdr(0),
  bigEndian: cdr(0x0101, { isLittleEndian: false }),
  cut: cdr(0x0202, { lengthBytes: 0x0101 }),
  'small again': cdr(0x0101),
};

const rcl = await loadRcl();
await rcl.init();
const node = new (nodeWithDeferredTakes(rcl.Node))('hbm_takes');
const kind = hbmImageSamples('hbm_img_msgs/msg/HbmMsg1080P');
const qos = new rcl.QoS(QOS.keepLast, 10, QOS.reliable, QOS.volatile);
const publisher = node.createPublisher<Buffer>(messageClass(kind.type), 'hbmem_img', { qos });
let ready = (): void => {};
const subscription = subscribeDeferred(node, kind.type, 'hbmem_img', { qos }, () => ready());
node.spin();
const takes: Record<string, HbmTake> = {};
for (const [name, bytes] of Object.entries(MESSAGES)) {
  takes[name] = await new Promise<HbmTake>((resolve, reject) => {
    setTimeout(() => reject(new Error(`${name} did not arrive`)), LIMIT_MS).unref();
    ready = () => {
      ready = () => {};
      const { struct } = kind.make();
      const isTaken = subscription.take(struct) !== undefined;
      const message = bytes.subarray(ENCAPSULATION_BYTES);
      let count = 0;
      while (count < message.length && struct[count] === message[count]) count++;
      const isRestEmpty = struct.subarray(count).every((byte) => byte === 0);
      resolve({ isTaken, copiedBytes: isRestEmpty ? count : -1 });
    };
    publisher.publish(bytes);
  });
}
console.log(JSON.stringify({ isShort: copyValidBytesOnly('HbmMsg1080P', CAPACITY_BYTES), takes }));
subscription.destroy();
node.stop();
node.destroy();
rcl.shutdown();
