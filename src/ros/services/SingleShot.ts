import { setImmediate } from 'node:timers/promises';
import type { Classifier } from '../../classify/Classifier.js';
import { EffvitError } from '../../core/EffvitError.js';
import { didYouMean } from '../../core/nearestName.js';
import type { ImageFrame } from '../../image/ImageFrame.js';
import type { DetectionsMessage } from '../../messages/detectionsMessage.js';
import type { DropCause } from '../../stats/FrameAccounting.js';
import type { CameraFeed } from '../CameraFeed.js';
import type { NamedCamera } from '../CameraGroup.js';
import type { AnsweredRequest, FrameRequest, RequestedPart } from '../FrameRequests.js';
import type { ServingPipeline } from '../ServingPipeline.js';

const MS_PER_S = 1000;

/** Drop causes that end a request. After any other cause the next frame is tried. */
const FINAL_CAUSES: ReadonlySet<DropCause> = new Set([
  'bad_image',
  'inference_failed',
  'worker_died',
  'timed_out',
  'closed',
]);

/** The parts of an active node that classify single frames. */
export interface SingleShotTarget {
  readonly pipeline: Pick<ServingPipeline, 'classify'> & { readonly classifier: Pick<Classifier, 'ready'> };
  readonly feed: Pick<CameraFeed, 'cameras' | 'nextOutcome' | 'publisherCount' | 'ended'>;
}

/** Asks for the outcome of a frame. @returns function that gives up. */
type Begin = (listener: FrameRequest['onOutcome']) => () => void;

/** Classifies one picture within a time limit. */
export class SingleShot {
  readonly #target: SingleShotTarget;
  readonly #limitMs: number;
  readonly #signal: AbortSignal;
  /** Counts of received frames that were dropped, by cause. */
  readonly #dropped = new Map<DropCause, number>();

  constructor(target: SingleShotTarget, limitMs: number) {
    this.#target = target;
    this.#limitMs = limitMs;
    this.#signal = AbortSignal.any([AbortSignal.timeout(Math.ceil(limitMs)), target.feed.ended]);
  }

  /**
   * Classifies the next frame of a camera that is not dropped for a newer one.
   *
   * @param camera its name in the parameter image_topics, or its topic; empty for the only camera.
   * @throws EffvitError NOT_FOUND, BAD_ARGUMENT, TIMED_OUT, CLOSED
   */
  async ofCamera(camera: string, part: RequestedPart): Promise<AnsweredRequest> {
    const { feed } = this.#target;
    const { topic } = findCamera(camera, feed.cameras);
    const [what, none] =
      part === 'detector'
        ? [`a frame of ${topic} with the boxes of its detector`, 'no frame came with boxes of its stamp']
        : [`a frame of ${topic}`, 'no frame came'];
    return await this.#firstOf(
      what,
      (listener) => feed.nextOutcome(topic, part, listener),
      () => (feed.publisherCount(topic) === 0 ? 'nobody publishes it' : `${none}, or none was done in time`),
    );
  }

  /** Classifies a given picture, or boxes in it. @throws EffvitError TIMED_OUT, CLOSED */
  async ofPicture(frame: ImageFrame, detections: DetectionsMessage | undefined): Promise<AnsweredRequest> {
    const { pipeline } = this.#target;
    const classify = async (onOutcome: FrameRequest['onOutcome']): Promise<void> => {
      await pipeline.classifier.ready({ signal: this.#signal }).catch(() => {});
      if (this.#signal.aborted) return;
      const image = { frame, release: () => {} };
      await pipeline.classify(image, 0, { isPublished: false, isSingle: true, detections, onOutcome });
    };
    return await this.#firstOf(
      'the picture',
      (listener) => {
        void classify(listener);
        // A started frame cannot be cancelled; it finishes and is counted.
        return () => {};
      },
      () => 'no worker was free for it, or it was not done',
    );
  }

  async #firstOf(what: string, begin: Begin, whyNone: () => string): Promise<AnsweredRequest> {
    for (;;) {
      const answered = await this.#next(begin);
      if (answered === undefined) throw this.#ended(what, whyNone);
      const { outcome } = answered;
      if (outcome.kind !== 'dropped' || FINAL_CAUSES.has(outcome.cause)) return answered;
      this.#dropped.set(outcome.cause, (this.#dropped.get(outcome.cause) ?? 0) + 1);
      // Yield, so that other work and the timer of the time limit can run.
      await setImmediate();
    }
  }

  /** Undefined after the time limit or when the node is no longer active. */
  #next(begin: Begin): Promise<AnsweredRequest | undefined> {
    const signal = this.#signal;
    if (signal.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const giveUp = begin((answered) => {
        signal.removeEventListener('abort', onAbort);
        resolve(answered);
      });
      const onAbort = (): void => {
        giveUp();
        resolve(undefined);
      };
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  #ended(what: string, whyNone: () => string): EffvitError {
    if (this.#target.feed.ended.aborted) {
      return new EffvitError('CLOSED', 'The node was deactivated meanwhile: activate it and ask again.');
    }
    const dropped = [...this.#dropped].map(([cause, count]) => `${count} as ${cause}`).join(', ');
    const why = dropped === '' ? whyNone() : `frames came and were dropped, ${dropped}`;
    return new EffvitError(
      'TIMED_OUT',
      `No result of ${what} within ${Number((this.#limitMs / MS_PER_S).toFixed(3))} s: ${why}.`,
    );
  }
}

/** @throws EffvitError NOT_FOUND, BAD_ARGUMENT */
function findCamera(wanted: string, cameras: readonly NamedCamera[]): NamedCamera {
  const names = cameras.map(({ name }) => name);
  const [only] = cameras;
  if (wanted === '') {
    if (only !== undefined && cameras.length === 1) return only;
    throw new EffvitError(
      'BAD_ARGUMENT',
      `The request names no camera and gives no picture: name one of ${names.join(', ')}.`,
    );
  }
  const found = cameras.find(
    ({ name, topic }) => wanted === name || wanted === topic || `/${wanted}` === topic,
  );
  if (found !== undefined) return found;
  const problem = `There is no camera ${wanted} among ${names.join(', ')}.`;
  throw new EffvitError('NOT_FOUND', `${problem}${didYouMean(wanted, names)}`);
}
