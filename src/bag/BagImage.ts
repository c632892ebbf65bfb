import type { EffvitError } from '../core/EffvitError.js';
import type { ImageFrame } from '../image/ImageFrame.js';

/** A recorded camera image. */
export interface BagImage {
  readonly kind: 'image';
  /** Its `source` is the topic's name; its data are the bag's bytes, not a copy. */
  readonly frame: ImageFrame;
  readonly logTimeNs: bigint;
}

/** A recorded message of a detector (vision_msgs/Detection2DArray), not parsed. */
export interface BagDetections {
  readonly kind: 'detections';
  readonly topic: string;
  readonly logTimeNs: bigint;
  readonly data: Uint8Array;
}

/** A recorded message that cannot be read as an image; yielded, so that nothing is lost silently. */
export interface BagMessageProblem {
  readonly kind: 'problem';
  readonly topic: string;
  readonly logTimeNs: bigint;
  readonly error: EffvitError;
}
