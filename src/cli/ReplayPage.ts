import type { ReplayedFrame } from '../bag/replayBag.js';
import type { Classifier } from '../classify/Classifier.js';
import { stampFromNs } from '../core/Stamp.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import { frameReportMessage } from '../messages/frameReportMessage.js';
import { classifierState, pipelineStatisticsMessage } from '../messages/pipelineStatisticsMessage.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import { LiveFeed } from '../web/LiveFeed.js';
import { LiveFrames } from '../web/LiveFrames.js';
import { LivePage } from '../web/LivePage.js';
import type { Terminal } from './Terminal.js';

/** Nobody but this machine: a recording may show anything. */
const ADDRESS = '127.0.0.1';
const PERIOD_MS = 1000;
const NS_PER_MS = 1_000_000n;

export interface ReplayPage {
  /** Shows a frame, or counts its drop. The image is read while it is drawn. */
  readonly frame: (frame: ReplayedFrame, image: ImageFrame | undefined) => void;
  readonly close: () => Promise<void>;
}

/** The live page of `effvit replay --web`, while the recording is replayed. @throws EffvitError IO_FAILED: the port is taken */
export async function startReplayPage(
  title: string,
  port: number,
  classifier: Classifier,
  terminal: Terminal,
): Promise<ReplayPage> {
  const feed = new LiveFeed(title);
  const page = await LivePage.start({ feed, port, address: ADDRESS });
  terminal.note(`Live page: ${page.url}`);
  const frames = new LiveFrames(feed, (text) => terminal.warn(text));
  let lastNs = monotonicNs();
  const showStatistics = (): void => {
    const nowNs = monotonicNs();
    const windowNs = BigInt(Math.round(nowNs - lastNs));
    lastNs = nowNs;
    const { statistics } = classifier.pool;
    const message = pipelineStatisticsMessage({
      stamp: stampFromNs(BigInt(Date.now()) * NS_PER_MS),
      windowNs,
      ...classifierState(classifier),
      superseded: 0,
      missing: 0,
      regions: statistics.regions.counts(),
      stages: statistics.stages.takeWindow(),
      isPaused: false,
      machine: {},
    });
    feed.statistics(message);
  };
  const timer = setInterval(showStatistics, PERIOD_MS);
  return {
    frame: ({ sequence, outcome, detections }, image) => {
      if (outcome.kind === 'dropped') feed.dropped(outcome.header.source, outcome.cause);
      if (image === undefined) return;
      const { backend, isSimulated } = classifier.info;
      const regionIds = detections?.detections.map(({ id }) => id) ?? [];
      void frames.offer(image, outcome, () =>
        frameReportMessage(outcome, { sequence, backend, isSimulated, regionIds }),
      );
    },
    close: async () => {
      clearInterval(timer);
      showStatistics();
      await page.close();
    },
  };
}
