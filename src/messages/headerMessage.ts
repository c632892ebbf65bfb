import type { Stamp } from '../core/Stamp.js';
import type { FrameHeader } from '../image/ImageFrame.js';

/** std_msgs/msg/Header */
export interface HeaderMessage {
  readonly stamp: Stamp;
  readonly frame_id: string;
}

/** The header of a frame's source image, unchanged. */
export function headerMessage({ stamp, frameId }: Pick<FrameHeader, 'stamp' | 'frameId'>): HeaderMessage {
  return { stamp: { sec: stamp.sec, nanosec: stamp.nanosec }, frame_id: frameId };
}
