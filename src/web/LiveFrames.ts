import { FramePicture } from '../annotate/FramePicture.js';
import type { ClassifyOutcome } from '../classify/Classifier.js';
import type { ClassifyRegionsOutcome } from '../classify/RegionResult.js';
import { asEffvitError } from '../core/EffvitError.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import type { FrameReportMessage } from '../messages/frameReportMessage.js';
import type { LiveFeed } from './LiveFeed.js';
import { livePicture, MAX_PICTURE_HEIGHT_PX, MAX_PICTURE_WIDTH_PX } from './livePicture.js';

/** Shows classified frames on the live page: some of each camera, as many as a person can follow. */
export class LiveFrames {
  readonly #feed: LiveFeed;
  readonly #warn: (text: string) => void;
  #picture: FramePicture | undefined;
  /** Cameras whose picture is being drawn. */
  readonly #drawing = new Set<string>();
  readonly #undrawable = new Set<string>();

  /** @param warn called once per camera whose results are shown without pictures. */
  constructor(feed: LiveFeed, warn: (text: string) => void) {
    this.#feed = feed;
    this.#warn = warn;
  }

  /**
   * Shows a frame if the page has viewers and the camera's period has passed.
   *
   * @param reportOf called immediately or never.
   * @returns undefined if the frame's data is not read; else a promise that resolves when it is no longer read. Never
   *   rejects.
   */
  offer(
    frame: ImageFrame,
    outcome: ClassifyOutcome | ClassifyRegionsOutcome,
    reportOf: () => FrameReportMessage,
  ): Promise<void> | undefined {
    const { source } = frame;
    if (!this.#feed.isWatched || outcome.kind === 'dropped') return;
    if (this.#drawing.has(source) || !this.#feed.takesFrame(source)) return;
    const report = reportOf();
    if (!this.#feed.wantsPictures) {
      this.#feed.frame(report);
      return;
    }
    this.#drawing.add(source);
    return this.#jpegOf(frame)
      .catch((error: unknown) => this.#tellUndrawable(source, error))
      .then((jpeg) => this.#feed.frame(report, jpeg))
      .finally(() => this.#drawing.delete(source));
  }

  async #jpegOf(frame: ImageFrame): Promise<Uint8Array> {
    this.#picture ??= new FramePicture();
    return await livePicture(this.#picture.of(frame, MAX_PICTURE_WIDTH_PX, MAX_PICTURE_HEIGHT_PX));
  }

  #tellUndrawable(source: string, error: unknown): undefined {
    if (this.#undrawable.has(source)) return undefined;
    this.#undrawable.add(source);
    this.#warn(`No picture of ${source} on the live page: ${asEffvitError(error).message}`);
    return undefined;
  }
}
