import { type AnnotateOptions, annotatePicture, pictureOutline } from '../annotate/annotatePicture.js';
import { FramePicture } from '../annotate/FramePicture.js';
import type { Classifier, ClassifyOutcome } from '../classify/Classifier.js';
import {
  type ClassifyRegionsOutcome,
  chosenResult,
  type ResultChoice,
  regionClasses,
} from '../classify/RegionResult.js';
import { asEffvitError } from '../core/EffvitError.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import { headerMessage } from '../messages/headerMessage.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import type { NodeParameterValues } from './parameters/parameterTable.js';
import type { CdrPublisher } from './rcl/CdrPublisher.js';

/** At most ten per second: enough for people, and drawing must not delay the results. */
const PERIOD_NS = 1e8;
/** Limits of the drawn picture, which the scale cannot exceed. */
const MAX_WIDTH_PX = 960;
const MAX_HEIGHT_PX = 720;
/** The most regions that are listed beside the picture. */
const MOST_LISTED = 10;

type Drawn = Exclude<ClassifyOutcome | ClassifyRegionsOutcome, { kind: 'dropped' }>;

/**
 * The topic ~/debug_image: frames with their results drawn beside them, while it has subscribers. One frame is drawn
 * at a time; frames that arrive meanwhile are skipped.
 */
export class DebugImages {
  readonly #publisher: CdrPublisher;
  readonly #classifier: Classifier;
  readonly #parameters: () => NodeParameterValues;
  readonly #warn: (text: string) => void;
  #picture: FramePicture | undefined;
  #isDrawing = false;
  #isDestroyed = false;
  #nextNs = 0;

  /** @param publisher of sensor_msgs/Image; its owner destroys it. */
  constructor(
    publisher: CdrPublisher,
    classifier: Classifier,
    parameters: () => NodeParameterValues,
    warn: (text: string) => void,
  ) {
    this.#publisher = publisher;
    this.#classifier = classifier;
    this.#parameters = parameters;
    this.#warn = warn;
  }

  /**
   * Draws the frame if the period has passed and the topic has subscribers.
   *
   * @returns undefined if it is not drawn; else a promise that resolves when its data is no longer read. Never rejects.
   */
  offer(frame: ImageFrame, outcome: ClassifyOutcome | ClassifyRegionsOutcome): Promise<void> | undefined {
    if (outcome.kind === 'dropped' || this.#isDrawing || this.#publisher.subscriptionCount === 0) return;
    const nowNs = monotonicNs();
    if (nowNs < this.#nextNs) return;
    this.#nextNs = nowNs + PERIOD_NS;
    this.#isDrawing = true;
    return this.#draw(frame, outcome)
      .catch((error: unknown) => {
        this.#warn(`No debug image of ${frame.source}: ${asEffvitError(error).message}`);
      })
      .finally(() => {
        this.#isDrawing = false;
      });
  }

  /** Stops publishing. */
  destroy(): void {
    this.#isDestroyed = true;
  }

  async #draw(frame: ImageFrame, outcome: Drawn): Promise<void> {
    const parameters = this.#parameters();
    const scale = parameters.debug_image_scale;
    const { timings, widthPx, heightPx, header } = outcome;
    this.#picture ??= new FramePicture();
    const maxPictureWidthPx = Math.max(16, Math.min(MAX_WIDTH_PX, Math.round(widthPx * scale)));
    const maxPictureHeightPx = Math.max(16, Math.min(MAX_HEIGHT_PX, Math.round(heightPx * scale)));
    const { manifest, info } = this.#classifier;
    const backend = `${info.backend}${info.isSimulated ? ', SIMULATED' : ''}`;
    const drawn = await annotatePicture({
      picture: this.#picture.of(frame, maxPictureWidthPx, maxPictureHeightPx),
      ...drawnResults(outcome, parameters.classification_results),
      title: header.source,
      subtitle: `${manifest.name} (${backend}), ${(timings.inferenceNs / 1e6).toFixed(1)} ms`,
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

/** The results to draw and the areas of the picture that they belong to; for regions the best class of each. */
function drawnResults(outcome: Drawn, choice: ResultChoice): Pick<AnnotateOptions, 'results' | 'outlines'> {
  const { region } = outcome;
  const roi = region === undefined ? [] : [pictureOutline(region, outcome)];
  if (outcome.kind === 'result') return { results: chosenResult(outcome, choice).value, outlines: roi };
  const classified = outcome.regions.flatMap((one) => {
    const [best] = regionClasses(one, choice) ?? [];
    return one.kind === 'classified' && best !== undefined ? [{ best, region: one.region }] : [];
  });
  const outlines = classified.map(({ best, region: place }) => pictureOutline(place, outcome, best.label));
  return {
    results: classified.map(({ best }) => best).slice(0, MOST_LISTED),
    outlines: [...roi, ...outlines],
  };
}
