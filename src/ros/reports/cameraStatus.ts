import type { NodeParameterValues } from '../parameters/parameterTable.js';
import type { OtherEndpoints } from './otherEndpoints.js';
import type { PictureView } from './PictureWatch.js';
import { type PictureParameters, pictureValues, pictureVerdict } from './pictureStatus.js';
import { LEVEL, type Values, type Verdict } from './Verdict.js';

/** Messages of a camera, by what became of them. */
export interface CameraCounts {
  /** Messages that became frames, readable or not. */
  readonly received: number;
  /** Messages that were not readable images. */
  readonly malformed: number;
  /** Messages that the camera sent and that did not arrive. */
  readonly missing: number;
  /** Messages that newer ones replaced in the middleware before a worker was free. */
  readonly superseded: number;
}

/** State of one camera. */
export interface CameraState extends CameraCounts {
  readonly topic: string;
  readonly framesPerSecond: number;
  /** Time since the last frame, or since the subscription if there was none. */
  readonly silentMs: number;
  /** Of the last five seconds. */
  readonly recent: CameraCounts;
  readonly lastProblem: string | undefined;
  /** The problem with the stamps of the last seconds. */
  readonly stampProblem: string | undefined;
  /** Summary of its pictures; undefined if they are not checked or none arrived recently. */
  readonly picture: PictureView | undefined;
  readonly publishers: OtherEndpoints;
}

export type CameraParameters = PictureParameters &
  Pick<NodeParameterValues, 'diagnostics.expected_fps' | 'diagnostics.stale_after_ms'>;

/** The tolerance of diagnostic_updater's frequency status. */
const FREQUENCY_TOLERANCE = 0.1;
/** Share of messages that may be lost between a camera and the node without a warning. */
const MISSING_TOLERANCE = 0.03;
/** Above this share of lost messages the camera counts as unavailable. */
const NEARLY_ALL = 0.8;

/** @param remedyOf the remedy for lost messages; called only if some are lost. */
export function cameraVerdict(
  camera: CameraState,
  parameters: CameraParameters,
  remedyOf: (camera: CameraState) => string,
): Verdict {
  const { publishers, recent, framesPerSecond } = camera;
  const isSilent = camera.silentMs > parameters['diagnostics.stale_after_ms'];
  const isMute = camera.received === 0 || isSilent;
  if (publishers.mismatch !== undefined) {
    return [
      isMute ? LEVEL.error : LEVEL.warn,
      `incompatible QoS: ${publishers.mismatch} is less than asked for: set qos_overrides.<topic>.subscription`,
    ];
  }
  if (publishers.wrongType !== undefined && isMute) {
    return [LEVEL.error, `${publishers.wrongType} is not the type listened to: see image_transport`];
  }
  if (isSilent) {
    const seconds = (camera.silentMs / 1000).toFixed(1);
    if (publishers.count === 0) return [LEVEL.stale, `no publisher, silent for ${seconds} s`];
    // Nearly all earlier messages were lost, so the silence is a loss of messages too.
    if (lostShare(camera) > NEARLY_ALL) return [LEVEL.error, nearlyNothing(camera, remedyOf(camera))];
    const hint =
      camera.received === 0 ? `, though it is published: if the camera runs, ${remedyOf(camera)}` : '';
    return [LEVEL.stale, `no frame for ${seconds} s${hint}`];
  }
  if (recent.malformed > 0) {
    const reason = camera.lastProblem === undefined ? '' : `: ${camera.lastProblem}`;
    return [LEVEL.warn, `${recent.malformed} messages could not be read in the last seconds${reason}`];
  }
  const missing = lostShare(recent);
  if (missing > NEARLY_ALL) return [LEVEL.error, nearlyNothing(recent, remedyOf(camera))];
  const picture = pictureVerdict(camera, parameters);
  if (picture?.[0] === LEVEL.error) return picture;
  if (missing > MISSING_TOLERANCE) {
    return [
      LEVEL.warn,
      `${(100 * missing).toFixed(0)} % of the camera's frames did not arrive: ${remedyOf(camera)}`,
    ];
  }
  // After the losses, because missing frames are the more serious fault.
  if (camera.stampProblem !== undefined) return [LEVEL.warn, camera.stampProblem];
  if (picture !== undefined) return picture;
  const expected = parameters['diagnostics.expected_fps'];
  if (expected > 0 && Math.abs(framesPerSecond - expected) > expected * FREQUENCY_TOLERANCE) {
    return [LEVEL.warn, `${framesPerSecond.toFixed(1)} frames a second where ${expected} are expected`];
  }
  return [LEVEL.ok, `${framesPerSecond.toFixed(1)} frames a second`];
}

function lostShare({ received, missing, superseded }: CameraCounts): number {
  return missing / Math.max(1, missing + superseded + received);
}

function nearlyNothing({ received, missing, superseded }: CameraCounts, remedy: string): string {
  const arrived = received + superseded;
  return `nearly nothing of the camera arrives, ${arrived} of ${arrived + missing} frames: ${remedy}`;
}

export function cameraValues(camera: CameraState): Values {
  const { publishers } = camera;
  return {
    frame_rate_msg: camera.framesPerSecond,
    received_frames: camera.received,
    superseded_frames: camera.superseded,
    missing_frames: camera.missing,
    malformed_messages: camera.malformed,
    last_problem: camera.lastProblem ?? '',
    stamp_problem: camera.stampProblem ?? '',
    ...pictureValues(camera),
    publishers: publishers.count,
    qos_mismatch: publishers.mismatch ?? '',
    wrong_type: publishers.wrongType ?? '',
    silent_ms: Math.round(camera.silentMs),
  };
}
