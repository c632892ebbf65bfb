import type { RegionBox } from '../image/PictureRegion.js';
import type { HeaderMessage } from './headerMessage.js';

interface Vector3Message {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** vision_msgs/msg/ObjectHypothesisWithPose; a pose that is left out is zero. */
export interface ObjectHypothesisMessage {
  readonly hypothesis: { readonly class_id: string; readonly score: number };
  readonly pose?: {
    readonly pose: {
      readonly position: Vector3Message;
      readonly orientation: Vector3Message & { readonly w: number };
    };
    readonly covariance: readonly number[];
  };
}

/** vision_msgs/msg/BoundingBox2D */
export interface BoundingBoxMessage {
  readonly center: { readonly position: { readonly x: number; readonly y: number }; readonly theta: number };
  readonly size_x: number;
  readonly size_y: number;
}

/** vision_msgs/msg/Detection2D */
export interface DetectionMessage {
  readonly header: HeaderMessage;
  readonly results: readonly ObjectHypothesisMessage[];
  readonly bbox: BoundingBoxMessage;
  readonly id: string;
}

/** vision_msgs/msg/Detection2DArray */
export interface DetectionsMessage {
  readonly header: HeaderMessage;
  readonly detections: readonly DetectionMessage[];
}

export const DETECTIONS_TYPE = 'vision_msgs/msg/Detection2DArray';

/** The upright box around a detection's, which may be turned. */
export function regionBoxOf({ center, size_x: sizeX, size_y: sizeY }: BoundingBoxMessage): RegionBox {
  const { position, theta } = center;
  const [cos, sin] = theta === 0 ? [1, 0] : [Math.abs(Math.cos(theta)), Math.abs(Math.sin(theta))];
  const widthPx = cos * sizeX + sin * sizeY;
  const heightPx = sin * sizeX + cos * sizeY;
  return { leftPx: position.x - widthPx / 2, topPx: position.y - heightPx / 2, widthPx, heightPx };
}
