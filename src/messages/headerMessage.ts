import type { FrameHeader } from '../image/ImageFrame.js';

/** builtin_interfaces/msg/Time; a Duration has the same fields. */
export interface TimeMessage {
  readonly sec: number;
  readonly nanosec: number;
}

/** std_msgs/msg/Header */
export interface HeaderMessage {
  readonly stamp: TimeMessage;
  readonly frame_id: string;
}

/** The header of a frame's source image, unchanged. */
export function headerMessage({ stamp, frameId }: Pick<FrameHeader, 'stamp' | 'frameId'>): HeaderMessage {
  return { stamp: { sec: stamp.sec, nanosec: stamp.nanosec }, frame_id: frameId };
}
