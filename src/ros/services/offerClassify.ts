import { chosenResult } from '../../classify/RegionResult.js';
import { EffvitError } from '../../core/EffvitError.js';
import type { Stamp } from '../../core/Stamp.js';
import { frameByEncoding, type ImageFrame } from '../../image/ImageFrame.js';
import { classificationMessage } from '../../messages/classificationMessage.js';
import { classifiedDetectionsMessage } from '../../messages/classifiedDetectionsMessage.js';
import type { DetectionsMessage } from '../../messages/detectionsMessage.js';
import { frameReportMessage } from '../../messages/frameReportMessage.js';
import { type HeaderMessage, headerMessage } from '../../messages/headerMessage.js';
import { NS_PER_MS } from '../../stats/monotonicNs.js';
import type { AnsweredRequest } from '../FrameRequests.js';
import type { NodeParameterValues } from '../parameters/parameterTable.js';
import { offerService } from '../rcl/offerService.js';
import type { RclNode } from '../rcl/rcl.js';
import { SingleShot, type SingleShotTarget } from './SingleShot.js';

const DEFAULT_TIMEOUT_MS = 5000;
const MAX_TIMEOUT_MS = 60_000;
/** The most requests that wait at the same time. */
const MOST_REQUESTS = 16;
const MS_PER_S = 1000;

/** sensor_msgs/msg/Image */
interface ImageMessage {
  readonly header: HeaderMessage;
  readonly height: number;
  readonly width: number;
  readonly encoding: string;
  readonly is_bigendian: number;
  readonly step: number;
  readonly data: Uint8Array;
}

/** sensor_msgs/msg/CompressedImage */
interface CompressedImageMessage {
  readonly header: HeaderMessage;
  readonly format: string;
  readonly data: Uint8Array;
}

/** effvit/srv/Classify_Request; the fields are documented in the .srv file. */
interface ClassifyRequest {
  readonly camera: string;
  readonly timeout: Stamp;
  readonly image: ImageMessage;
  readonly compressed_image: CompressedImageMessage;
  readonly detections: DetectionsMessage;
  readonly use_detector: boolean;
}

type ClassifyResponse = ReturnType<typeof failure>;

/**
 * Offers `~/classify` (effvit/srv/Classify): the result of one picture in the response.
 *
 * @param target returns that of the active node, or throws an EffvitError that says why there is none.
 */
export function offerClassify(
  node: RclNode,
  target: () => SingleShotTarget,
  parameters: () => NodeParameterValues,
): void {
  const ownTopic = `${node.getFullyQualifiedName()}/classify`;
  let waiting = 0;
  const answer = async (request: ClassifyRequest): Promise<ClassifyResponse> => {
    if (waiting >= MOST_REQUESTS) return failure(`${waiting} requests wait already: ask again later.`);
    waiting += 1;
    try {
      const limitMs = timeoutMs(request.timeout);
      const picture = pictureOf(request, ownTopic);
      const single = new SingleShot(target(), limitMs);
      const boxes = boxesOf(request, picture !== undefined);
      const answered =
        picture === undefined
          ? await single.ofCamera(request.camera, boxes ?? (request.use_detector ? 'detector' : 'whole'))
          : await single.ofPicture(picture, boxes);
      return response(answered, parameters());
    } catch (thrown) {
      if (!(thrown instanceof EffvitError)) throw thrown;
      return failure(thrown.message);
    } finally {
      waiting -= 1;
    }
  };
  offerService(node, 'effvit/srv/Classify', '~/classify', answer, failure);
}

function response(
  { outcome, report, detections }: AnsweredRequest,
  parameters: NodeParameterValues,
): ClassifyResponse {
  const header = headerMessage(outcome.header);
  const { class_id_format: classIdFormat, classification_results: choice } = parameters;
  const results = outcome.kind === 'result' ? chosenResult(outcome, choice).value : [];
  const classified =
    outcome.kind === 'regions' &&
    detections !== undefined &&
    classifiedDetectionsMessage(header, detections, outcome.regions, {
      classIdFormat,
      hypotheses: parameters.detections_hypotheses,
      results: choice,
    });
  const dropped = outcome.kind === 'dropped' ? outcome : undefined;
  return {
    success: dropped === undefined,
    message:
      dropped === undefined ? '' : (dropped.error?.message ?? `The frame was dropped: ${dropped.cause}.`),
    classification: classificationMessage(outcome.header, results, classIdFormat),
    detections: classified || { header, detections: [] },
    report,
  };
}

/** effvit/srv/Classify_Response */
function failure(message: string) {
  const header = { stamp: { sec: 0, nanosec: 0 }, frameId: '', source: '' };
  const nothing = frameReportMessage(
    { kind: 'dropped', header, cause: 'closed' },
    { sequence: 0, backend: 'onnx', isSimulated: false },
  );
  return {
    success: false,
    message,
    classification: classificationMessage(header, [], 'index'),
    detections: { header: headerMessage(header), detections: [] as DetectionsMessage['detections'] },
    report: { ...nothing, drop_cause: '', backend: '', worker_id: 0 },
  };
}

/** @throws EffvitError OUT_OF_RANGE */
function timeoutMs({ sec, nanosec }: Stamp): number {
  const limitMs = sec * MS_PER_S + nanosec / NS_PER_MS;
  if (limitMs >= 0 && limitMs <= MAX_TIMEOUT_MS) return limitMs === 0 ? DEFAULT_TIMEOUT_MS : limitMs;
  throw new EffvitError(
    'OUT_OF_RANGE',
    `Expected a timeout of up to ${MAX_TIMEOUT_MS / MS_PER_S} s, or 0 for ${DEFAULT_TIMEOUT_MS / MS_PER_S} s, but received ${limitMs / MS_PER_S} s.`,
  );
}

/** The boxes in the request; undefined if it gives none. @throws EffvitError BAD_ARGUMENT */
function boxesOf(
  { detections, use_detector: usesDetector }: ClassifyRequest,
  hasPicture: boolean,
): DetectionsMessage | undefined {
  if (usesDetector && hasPicture) {
    throw new EffvitError(
      'BAD_ARGUMENT',
      'No detector finds boxes in a picture that is given: give them in detections, or use_detector with a camera.',
    );
  }
  if (detections.detections.length === 0) return undefined;
  if (usesDetector) {
    throw new EffvitError('BAD_ARGUMENT', 'The request gives detections and use_detector: give one of them.');
  }
  return detections;
}

/** The picture in the request; undefined if it requests a camera's frame. @throws EffvitError BAD_ARGUMENT */
function pictureOf(request: ClassifyRequest, source: string): ImageFrame | undefined {
  const { camera, image, compressed_image: compressed } = request;
  // An image with an encoding but without data counts as a picture, so that its error is reported.
  const hasImage = image.data.length > 0 || image.encoding !== '';
  const hasCompressed = compressed.data.length > 0 || compressed.format !== '';
  const given = [...(hasImage ? ['image'] : []), ...(hasCompressed ? ['compressed_image'] : [])];
  if (camera !== '' && given.length > 0) given.unshift('camera');
  if (given.length > 1) {
    throw new EffvitError('BAD_ARGUMENT', `The request gives ${given.join(' and ')}: give one of them.`);
  }
  if (hasImage) {
    return frameByEncoding({
      kind: 'raw',
      ...headerOf(image.header),
      source,
      encoding: image.encoding,
      widthPx: image.width,
      heightPx: image.height,
      strideBytes: image.step,
      isBigEndian: image.is_bigendian !== 0,
      data: image.data,
    });
  }
  if (!hasCompressed) return undefined;
  const { format, data } = compressed;
  return { kind: 'compressed', ...headerOf(compressed.header), source, format, data };
}

function headerOf({ stamp, frame_id }: HeaderMessage): Pick<ImageFrame, 'stamp' | 'frameId'> {
  return { stamp: { sec: stamp.sec, nanosec: stamp.nanosec }, frameId: frame_id };
}
