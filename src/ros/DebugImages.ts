import { type AnnotateOptions, annotatePicture } from '../annotate/annotatePicture.js';
import { FramePicture } from '../annotate/FramePicture.js';
import { pictureOutline } from '../annotate/pictureOutline.js';
import type { Classifier, ClassifyOutcome } from '../classify/Classifier.js';
import type { ClassifyRegionsOutcome } from '../classify/RegionResult.js';
import { asEffvitError } from '../core/EffvitError.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import { headerMessage } from '../messages/headerMessage.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import type { CdrPublisher } from './rcl/CdrPublisher.js';

/** At most ten a second: people look at them, and the results must not wait for that. */
const PERIOD_NS = 1e8;
/** Of the picture within the image; the scale only makes it smaller or larger than the frame within these. */
const MAX_WIDTH_PX = 960;
const MAX_HEIGHT_PX = 720;
/** Of a frame with regions, beside the picture. */
const MOST_LISTED = 10;

/**
 * The topic ~/debug_image: frames with their results drawn beside them, while somebody subscribes. One is drawn at
 * a time, and frames that come meanwhile are left out.
 */
export class DebugImages {
  readonly #publisher: CdrPublisher;
  readonly #warn: (text: string) => void;
  #picture: FramePicture | undefined;
  #isDrawing = false;
  #isDestroyed = false;
  #nextNs = 0;

  /** @param publisher of sensor_msgs/Image; its owner destroys it. */
  constructor(publisher: CdrPublisher, warn: (text: string) => void) {
    this.#publisher = publisher;
    this.#warn = warn;
  }

  /**
   * Draws the frame if it is time for one and somebody looks.
   *
   * @returns undefined where it is not drawn, else what resolves, never rejects, when its data is read no more.
   */
  offer(
    frame: ImageFrame,
    outcome: ClassifyOutcome | ClassifyRegionsOutcome,
    classifier: Classifier,
    scale: number,
  ): Promise<void> | undefined {
    if (outcome.kind === 'dropped' || this.#isDrawing || this.#publisher.subscriptionCount === 0) return;
    const nowNs = monotonicNs();
    if (nowNs < this.#nextNs) return;
    this.#nextNs = nowNs + PERIOD_NS;
    this.#isDrawing = true;
    return this.#draw(frame, outcome, classifier, scale)
      .catch((error: unknown) => {
        this.#warn(`No debug image of ${frame.source}: ${asEffvitError(error).message}`);
      })
      .finally(() => {
        this.#isDrawing = false;
      });
  }

  /** Nothing is published after this. */
  destroy(): void {
    this.#isDestroyed = true;
  }

  async #draw(
    frame: ImageFrame,
    outcome: Exclude<ClassifyOutcome | ClassifyRegionsOutcome, { kind: 'dropped' }>,
    classifier: Classifier,
    scale: number,
  ): Promise<void> {
    const { timings, widthPx, heightPx, header } = outcome;
    this.#picture ??= new FramePicture();
    const maxPictureWidthPx = Math.max(16, Math.min(MAX_WIDTH_PX, Math.round(widthPx * scale)));
    const maxPictureHeightPx = Math.max(16, Math.min(MAX_HEIGHT_PX, Math.round(heightPx * scale)));
    const { backend, isSimulated } = classifier.info;
    const simulated = isSimulated ? ', SIMULATED' : '';
    const drawn = await annotatePicture({
      picture: this.#picture.of(frame, maxPictureWidthPx, maxPictureHeightPx),
      ...drawnResults(outcome),
      title: header.source,
      subtitle: `${classifier.manifest.name} (${backend}${simulated}), ${(timings.inferenceNs / 1e6).toFixed(1)} ms`,
      maxPictureWidthPx,
      maxPictureHeightPx,
      minPictureSidePx: Math.max(maxPictureWidthPx, maxPictureHeightPx),
    });
    if (this.#isDestroyed) return;
    this.#publisher.publish({
      header: headerMessage(header),
      height: drawn.heightPx,
      width: drawn.widthPx,
      encoding: 'rgb8',
      is_bigendian: 0,
      step: drawn.widthPx * 3,
      data: drawn.rgb,
    });
  }
}

/** The results beside the picture, and what they are of in it: of a frame with regions the best class of each. */
function drawnResults(
  outcome: Exclude<ClassifyOutcome | ClassifyRegionsOutcome, { kind: 'dropped' }>,
): Pick<AnnotateOptions, 'results' | 'outlines'> {
  const { region } = outcome;
  const roi = region === undefined ? [] : [pictureOutline(region, outcome)];
  if (outcome.kind === 'result') return { results: outcome.value, outlines: roi };
  const classified = outcome.regions.flatMap((one) => {
    const [best] = one.kind === 'classified' ? one.value : [];
    return one.kind === 'classified' && best !== undefined ? [{ best, region: one.region }] : [];
  });
  const outlines = classified.map(({ best, region: place }) => pictureOutline(place, outcome, best.label));
  return {
    results: classified.map(({ best }) => best).slice(0, MOST_LISTED),
    outlines: [...roi, ...outlines],
  };
}
