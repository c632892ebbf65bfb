import { CdrCursor } from '../image/cdr/CdrCursor.js';
import type { RegionBox } from '../image/PictureRegion.js';
import type { HeaderMessage } from './headerMessage.js';

/** vision_msgs/msg/ObjectHypothesisWithPose; a pose that is left out is zero. */
type ObjectHypothesisMessage = Pick<ParsedHypothesis, 'hypothesis'> & Partial<ParsedHypothesis>;

type ParsedHypothesis = ReturnType<typeof hypothesis>;
type ParsedDetection = ReturnType<typeof detection>;

/** vision_msgs/msg/Detection2D */
export interface DetectionMessage extends Omit<ParsedDetection, 'results'> {
  readonly results: readonly ObjectHypothesisMessage[];
}

/** vision_msgs/msg/Detection2DArray */
export interface DetectionsMessage {
  readonly header: HeaderMessage;
  readonly detections: readonly DetectionMessage[];
}

export const DETECTIONS_TYPE = 'vision_msgs/msg/Detection2DArray';

const COVARIANCES = 36;

/** The upright box around a detection's, which may be turned. */
export function regionBoxOf({ center, size_x: sizeX, size_y: sizeY }: DetectionMessage['bbox']): RegionBox {
  const { position, theta } = center;
  const [cos, sin] = theta === 0 ? [1, 0] : [Math.abs(Math.cos(theta)), Math.abs(Math.sin(theta))];
  const widthPx = cos * sizeX + sin * sizeY;
  const heightPx = sin * sizeX + cos * sizeY;
  return { leftPx: position.x - widthPx / 2, topPx: position.y - heightPx / 2, widthPx, heightPx };
}

/**
 * A serialised vision_msgs/msg/Detection2DArray, whole: what is not ours goes on as it came.
 *
 * @param topic for errors. @throws EffvitError BAD_ARGUMENT: cut off, or no plain CDR
 */
export function parseDetectionsCdr(bytes: Uint8Array, topic: string): DetectionsMessage {
  const cursor = new CdrCursor(bytes, `Detection2DArray message on ${topic}`, 'BAD_ARGUMENT');
  return { header: header(cursor), detections: sequence(cursor, 'detections', detection) };
}

function sequence<Item>(cursor: CdrCursor, name: string, read: (cursor: CdrCursor) => Item): Item[] {
  const length = cursor.uint32(`the number of ${name}`);
  const items: Item[] = [];
  // One by one: a length that the message has no bytes for ends at the first that is missing.
  for (let index = 0; index < length; index++) items.push(read(cursor));
  return items;
}

function header(cursor: CdrCursor): HeaderMessage {
  return { stamp: cursor.time('stamp'), frame_id: cursor.string('frame_id') };
}

/** vision_msgs/msg/Detection2D, with vision_msgs/msg/BoundingBox2D. */
function detection(cursor: CdrCursor) {
  return {
    header: header(cursor),
    results: sequence(cursor, 'results', hypothesis),
    bbox: {
      center: {
        position: { x: cursor.float64('x'), y: cursor.float64('y') },
        theta: cursor.float64('theta'),
      },
      size_x: cursor.float64('size_x'),
      size_y: cursor.float64('size_y'),
    },
    id: cursor.string('id'),
  };
}

function hypothesis(cursor: CdrCursor) {
  const point = () => ({ x: cursor.float64('x'), y: cursor.float64('y'), z: cursor.float64('z') });
  return {
    hypothesis: { class_id: cursor.string('class_id'), score: cursor.float64('score') },
    pose: {
      pose: { position: point(), orientation: { ...point(), w: cursor.float64('w') } },
      covariance: Array.from({ length: COVARIANCES }, () => cursor.float64('covariance')),
    },
  };
}
