import type { EffvitErrorCode } from '../core/EffvitError.js';
import type { DropCause } from '../stats/FrameAccounting.js';

const CAUSES: Readonly<Partial<Record<EffvitErrorCode, DropCause>>> = {
  BAD_IMAGE: 'bad_image',
  WORKER_DIED: 'worker_died',
  TIMED_OUT: 'timed_out',
  CLOSED: 'closed',
};

/** The drop cause of a frame that failed with this error. */
export function dropCauseOf(code: EffvitErrorCode): DropCause {
  return CAUSES[code] ?? 'inference_failed';
}
