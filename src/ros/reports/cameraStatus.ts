import { problemText } from '../../classify/PictureJudge.js';
import type { PictureProblem } from '../../pool/FrameOutcome.js';
import { NS_PER_MS } from '../../stats/monotonicNs.js';
import { classifierOptionsOf, type NodeParameterValues } from '../parameters/parameterTable.js';
import type { CameraCounts, CameraState } from './CameraMeters.js';
import type { PictureView } from './PictureWatch.js';
import { LEVEL, type Values, type Verdict } from './Verdict.js';

/** Problems with which the camera shows nothing of its surroundings. */
const FAILURES: ReadonlySet<PictureProblem> = new Set(['covered', 'frozen']);
/** The tolerance of diagnostic_updater's frequency status. */
const FREQUENCY_TOLERANCE = 0.1;
/** Share of messages that may be lost between a camera and the node without a warning. */
const MISSING_TOLERANCE = 0.03;
/** Above this share of lost messages the camera counts as unavailable. */
const NEARLY_ALL = 0.8;

/** @param remedyOf the remedy for lost messages; called only if some are lost. */
export function cameraVerdict(
  camera: CameraState,
  parameters: NodeParameterValues,
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
  const picture = pictureVerdict(camera.picture, parameters);
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

/** Problems of a camera's pictures, each with its figure and its limit; undefined if there are none. */
export function pictureVerdict(
  picture: PictureView | undefined,
  parameters: NodeParameterValues,
): Verdict | undefined {
  if (picture === undefined || picture.problems.length === 0) return undefined;
  const limits = classifierOptionsOf(parameters);
  const isFailure = picture.problems.some(({ problem }) => FAILURES.has(problem));
  const texts = picture.problems.map(({ problem, shown }) => problemText(problem, shown, limits));
  return [isFailure ? LEVEL.error : LEVEL.warn, texts.join('; ')];
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
    ...pictureValues(camera.picture),
    publishers: publishers.count,
    qos_mismatch: publishers.mismatch ?? '',
    wrong_type: publishers.wrongType ?? '',
    silent_ms: Math.round(camera.silentMs),
  };
}

/** The figures of the newest picture; empty if pictures are not measured. */
export function pictureValues(picture: PictureView | undefined): Values {
  if (picture === undefined) return {};
  const { figures, unchangedNs } = picture.newest;
  return {
    brightness: figures.brightness,
    contrast: figures.contrast,
    sharpness: figures.sharpness,
    flat_share: figures.flatShare,
    unchanged_ms: Math.round(unchangedNs / NS_PER_MS),
    picture_problems: picture.problems.map(({ problem }) => problem).join(', '),
  };
}
