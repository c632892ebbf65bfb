import { FramePicture } from '../annotate/FramePicture.js';
import type { ClassifyOutcome } from '../classify/Classifier.js';
import type { ClassifyRegionsOutcome } from '../classify/RegionResult.js';
import { asEffvitError } from '../core/EffvitError.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import type { FrameReportMessage } from '../messages/frameReportMessage.js';
import { LiveFeed } from '../web/LiveFeed.js';
import { LivePage } from '../web/LivePage.js';
import { livePicture, MAX_PICTURE_HEIGHT_PX, MAX_PICTURE_WIDTH_PX } from '../web/livePicture.js';
import type { NodeParameterValues } from './parameters/parameterTable.js';
import type { RclNode } from './rcl/rcl.js';

type LiveParameters = Pick<NodeParameterValues, 'web_port' | 'web_address'>;

const OFF = 0;

/** The node's live page, if the parameter web_port is set; see {@link LivePage}. */
export class LiveView {
  readonly feed: LiveFeed;
  readonly #node: RclNode;
  #page: LivePage | undefined;
  #picture: FramePicture | undefined;
  /** Cameras whose picture is being drawn. */
  readonly #drawing = new Set<string>();
  readonly #undrawable = new Set<string>();

  constructor(node: RclNode) {
    this.#node = node;
    this.feed = new LiveFeed(node.getFullyQualifiedName());
  }

  /**
   * Starts, moves or stops the page.
   *
   * @throws EffvitError IO_FAILED: the port is in use, or the address is not this machine's; then the old page stays.
   */
  async apply({ web_port: port, web_address: address }: LiveParameters): Promise<void> {
    const old = this.#page;
    if (port !== OFF && old?.port !== port) {
      this.#page = await LivePage.start({ feed: this.feed, port, address });
      await old?.close();
    } else {
      await old?.close();
      this.#page = undefined;
      if (port === OFF) return;
      try {
        this.#page = await LivePage.start({ feed: this.feed, port, address });
      } catch (error) {
        if (old !== undefined) this.#page = await old.restart();
        throw error;
      }
    }
    const logger = this.#node.getLogger();
    logger.info(`Live page: ${this.#page.url}`);
    if (this.#page.isOpenToOthers) {
      logger.warn(
        `Everybody who reaches port ${port} of ${address} sees the cameras' pictures: web_address 127.0.0.1 keeps the live page to this machine.`,
      );
    }
  }

  /** Shows a dropped frame. */
  dropped(source: string, cause: string): void {
    if (this.#page !== undefined) this.feed.dropped(source, cause);
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
    outcome: { readonly kind: ClassifyRegionsOutcome['kind'] | ClassifyOutcome['kind'] },
    reportOf: () => FrameReportMessage,
  ): Promise<void> | undefined {
    const { source } = frame;
    if (!this.feed.isWatched || outcome.kind === 'dropped') return;
    if (this.#drawing.has(source) || !this.feed.takesFrame(source)) return;
    const report = reportOf();
    if (!this.feed.wantsPictures) {
      this.feed.frame(report);
      return;
    }
    this.#drawing.add(source);
    return this.#jpegOf(frame)
      .catch((error: unknown) => this.#tellUndrawable(source, error))
      .then((jpeg) => this.feed.frame(report, jpeg))
      .finally(() => this.#drawing.delete(source));
  }

  async close(): Promise<void> {
    await this.#page?.close();
    this.#page = undefined;
  }

  async #jpegOf(frame: ImageFrame): Promise<Uint8Array> {
    this.#picture ??= new FramePicture();
    return await livePicture(this.#picture.of(frame, MAX_PICTURE_WIDTH_PX, MAX_PICTURE_HEIGHT_PX));
  }

  /** Logs once per camera that its results are shown without pictures. */
  #tellUndrawable(source: string, error: unknown): undefined {
    if (this.#undrawable.has(source)) return undefined;
    this.#undrawable.add(source);
    this.#node.getLogger().warn(`No picture of ${source} on the live page: ${asEffvitError(error).message}`);
    return undefined;
  }
}
