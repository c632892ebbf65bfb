import { CdrCursor } from '../image/cdr/CdrCursor.js';
import type { DetectionMessage, DetectionsMessage, ObjectHypothesisMessage } from './detectionsMessage.js';
import type { HeaderMessage } from './headerMessage.js';

const COVARIANCES = 36;

/**
 * A serialised vision_msgs/msg/Detection2DArray, whole: what is not ours goes on as it came.
 *
 * @param topic for errors. @throws EffvitError BAD_ARGUMENT: cut off, or no plain CDR
 */
export function parseDetectionsCdr(bytes: Uint8Array, topic: string): DetectionsMessage {
  const cursor = new CdrCursor(bytes, `Detection2DArray message on ${topic}`, 'BAD_ARGUMENT');
  return { header: header(cursor), detections: sequence(cursor, 'detections', () => detection(cursor)) };
}

function sequence<Item>(cursor: CdrCursor, name: string, read: () => Item): Item[] {
  const length = cursor.uint32(`the number of ${name}`);
  const items: Item[] = [];
  // One by one: a length that the message has no bytes for ends at the first that is missing.
  for (let index = 0; index < length; index++) items.push(read());
  return items;
}

function header(cursor: CdrCursor): HeaderMessage {
  return { stamp: cursor.time('stamp'), frame_id: cursor.string('frame_id') };
}

function detection(cursor: CdrCursor): DetectionMessage {
  return {
    header: header(cursor),
    results: sequence(cursor, 'results', () => hypothesis(cursor)),
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

function hypothesis(cursor: CdrCursor): ObjectHypothesisMessage {
  return {
    hypothesis: { class_id: cursor.string('class_id'), score: cursor.float64('score') },
    pose: {
      pose: {
        position: { x: cursor.float64('x'), y: cursor.float64('y'), z: cursor.float64('z') },
        orientation: {
          x: cursor.float64('x'),
          y: cursor.float64('y'),
          z: cursor.float64('z'),
          w: cursor.float64('w'),
        },
      },
      covariance: Array.from({ length: COVARIANCES }, () => cursor.float64('covariance')),
    },
  };
}
