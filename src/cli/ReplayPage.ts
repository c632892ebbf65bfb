import type { ReplayedFrame } from '../bag/replayBag.js';
import type { Classifier } from '../classify/Classifier.js';
import { stampFromNs } from '../core/Stamp.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import { frameReportMessage } from '../messages/frameReportMessage.js';
import { pipelineStatisticsMessage } from '../messages/pipelineStatisticsMessage.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import { LiveFeed } from '../web/LiveFeed.js';
import { LiveFrames } from '../web/LiveFrames.js';
import { LivePage } from '../web/LivePage.js';
import type { Terminal } from './Terminal.js';

/** Nobody but this machine: a recording may show anything. */
const ADDRESS = '127.0.0.1';
const PERIOD_MS = 1000;
const NS_PER_MS = 1_000_000n;

/** The live page of `effvit replay --web`, while the recording is replayed. */
export class ReplayPage {
  readonly #page: LivePage;
  readonly #feed: LiveFeed;
  readonly #frames: LiveFrames;
  readonly #classifier: Classifier;
  readonly #timer: NodeJS.Timeout;
  #lastNs = monotonicNs();

  private constructor(page: LivePage, feed: LiveFeed, classifier: Classifier, terminal: Terminal) {
    this.#page = page;
    this.#feed = feed;
    this.#frames = new LiveFrames(feed, (text) => terminal.warn(text));
    this.#classifier = classifier;
    this.#timer = setInterval(() => this.#statistics(), PERIOD_MS);
  }

  /** @throws EffvitError IO_FAILED: the port is taken. */
  static async start(
    title: string,
    port: number,
    classifier: Classifier,
    terminal: Terminal,
  ): Promise<ReplayPage> {
    const feed = new LiveFeed(title);
    const page = await LivePage.start({ feed, port, address: ADDRESS });
    terminal.note(`Live page: ${page.url}`);
    return new ReplayPage(page, feed, classifier, terminal);
  }

  /** Shows a frame, or counts its drop. The image is read while it is drawn. */
  frame({ sequence, outcome, detections }: ReplayedFrame, image: ImageFrame | undefined): void {
    if (outcome.kind === 'dropped') this.#feed.dropped(outcome.header.source, outcome.cause);
    if (image === undefined) return;
    const { backend, isSimulated } = this.#classifier.info;
    const regionIds = detections?.detections.map(({ id }) => id) ?? [];
    void this.#frames.offer(image, outcome, () =>
      frameReportMessage(outcome, { sequence, backend, isSimulated, regionIds }),
    );
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#statistics();
    await this.#page.close();
  }

  #statistics(): void {
    const classifier = this.#classifier;
    const nowNs = monotonicNs();
    const windowNs = BigInt(Math.round(nowNs - this.#lastNs));
    this.#lastNs = nowNs;
    const { backend, runtime, isSimulated } = classifier.info;
    const workers = classifier.workers();
    const message = pipelineStatisticsMessage({
      stamp: stampFromNs(BigInt(Date.now()) * NS_PER_MS),
      windowNs,
      counts: classifier.counts(),
      superseded: 0,
      missing: 0,
      regions: classifier.regionCounts(),
      queuedCount: classifier.queuedCount,
      framesPerSecond: classifier.framesPerSecond(),
      meanBatchSize: classifier.meanBatchSize,
      stages: classifier.statistics.takeWindow(),
      threads: workers.targetCount,
      workersServing: workers.serving,
      workersLost: workers.deaths,
      modelName: classifier.manifest.name,
      backend,
      runtime,
      isSimulated,
      isPaused: false,
      machine: {},
    });
    this.#feed.statistics(message);
  }
}
