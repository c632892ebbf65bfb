import { pictureWithin } from '../annotate/annotatePicture.js';
import type { FrameReportMessage } from '../messages/frameReportMessage.js';
import type { HeaderMessage } from '../messages/headerMessage.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import type { LiveFeed, LiveStatus } from '../web/LiveFeed.js';
import { livePicture } from '../web/livePicture.js';
import { callbackGuard, guardedSubscription } from './rcl/CallbackGuard.js';
import { keepLastQos, type RclModule, type RclNode } from './rcl/rcl.js';

const DEPTH = 10;
/** How often the page's viewers are checked. */
const LOOK_PERIOD_MS = 250;
/** The most reports that wait for their picture. */
const MOST_REPORTS = 64;
/** After this time without a picture, a camera's results are shown without one. */
const PICTURE_WAIT_NS = 1e9;

/** sensor_msgs/msg/Image as published on ~/debug_image. */
interface DebugImageMessage {
  readonly header: HeaderMessage;
  readonly height: number;
  readonly width: number;
  readonly data: Uint8Array;
}

const keyOf = ({ stamp, frame_id }: HeaderMessage): string => `${stamp.sec}.${stamp.nanosec} ${frame_id}`;

/**
 * A live page's view of a node in another process, through its topics. Frames and pictures are subscribed to only while
 * the page has viewers, so that the node does not draw pictures needlessly.
 */
export class RemoteView {
  readonly #rcl: RclModule;
  readonly #node: RclNode;
  readonly #watched: string;
  readonly #feed: LiveFeed;
  readonly #subscriptions = new Map<string, object>();
  readonly #reports = new Map<string, FrameReportMessage>();
  readonly #pictureNs = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #isDrawing = false;

  /** @param watched the node's fully qualified name. */
  constructor(rcl: RclModule, node: RclNode, watched: string, feed: LiveFeed) {
    this.#rcl = rcl;
    this.#node = node;
    this.#watched = watched;
    this.#feed = feed;
    this.#timer = callbackGuard(node).every(LOOK_PERIOD_MS, 'the look at browsers', () => this.#look());
  }

  /** The subscriptions are destroyed with the node. */
  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { isWatched, wantsPictures } = this.#feed;
    const name = this.#watched;
    const takeReport = (report: FrameReportMessage): void => this.#takeReport(report);
    const takeDiagnostics = ({ status }: { readonly status: readonly LiveStatus[] }): void =>
      this.#takeDiagnostics(status);
    const takePicture = (image: DebugImageMessage): void => void this.#takePicture(image);
    this.#want(isWatched, 'effvit/msg/FrameReport', `${name}/frames`, takeReport);
    this.#want(isWatched, 'diagnostic_msgs/msg/DiagnosticArray', '/diagnostics', takeDiagnostics);
    this.#want(isWatched && wantsPictures, 'sensor_msgs/msg/Image', `${name}/debug_image`, takePicture);
  }

  #want<Message>(isWanted: boolean, type: string, topic: string, take: (message: Message) => void): void {
    const present = this.#subscriptions.get(topic);
    if (isWanted === (present !== undefined)) return;
    if (present !== undefined) {
      this.#node.destroySubscription(present);
      this.#subscriptions.delete(topic);
      return;
    }
    const qos = keepLastQos(this.#rcl, DEPTH, 'bestEffort');
    const subscription = guardedSubscription(this.#node, type, topic, { qos }, take);
    this.#subscriptions.set(topic, subscription);
  }

  #takeReport(report: FrameReportMessage): void {
    const { source, drop_cause: cause } = report;
    if (cause !== '') {
      this.#feed.dropped(source, cause);
      return;
    }
    if (this.#feed.wantsPictures) {
      const [oldest] = this.#reports.keys();
      if (oldest !== undefined && this.#reports.size >= MOST_REPORTS) this.#reports.delete(oldest);
      this.#reports.set(keyOf(report.header), report);
      if (monotonicNs() - (this.#pictureNs.get(source) ?? 0) < PICTURE_WAIT_NS) return;
    }
    if (this.#feed.takesFrame(source)) this.#feed.frame(report);
  }

  #takeDiagnostics(status: readonly LiveStatus[]): void {
    // In the root namespace the entries have the name without its slash, unless use_fqn is set.
    const prefixes = [`${this.#watched}: `, `${this.#watched.replace(/^\/(?=[^/]+$)/, '')}: `];
    const own = status.filter(({ name }) => prefixes.some((prefix) => name.startsWith(prefix)));
    if (own.length > 0) this.#feed.diagnostics(own.map((one) => ({ ...one, level: Number(one.level) })));
  }

  /** Takes only the picture, because the page draws the results itself. */
  async #takePicture({ header, width, height, data }: DebugImageMessage): Promise<void> {
    const report = this.#reports.get(keyOf(header));
    if (report === undefined || this.#isDrawing) return;
    this.#isDrawing = true;
    try {
      const picture = await pictureWithin({ rgb: data, widthPx: width, heightPx: height });
      const jpeg = await livePicture(picture);
      this.#pictureNs.set(report.source, monotonicNs());
      this.#feed.frame(report, jpeg);
    } catch (error) {
      callbackGuard(this.#node).failed('the picture of the live page', error);
    } finally {
      this.#isDrawing = false;
    }
  }
}
