import { setTimeout as delay } from 'node:timers/promises';
import { EffvitError } from '../../core/EffvitError.js';
import { stampFromNs } from '../../core/Stamp.js';
import { callbackGuard } from '../rcl/CallbackGuard.js';
import { offerAction } from '../rcl/offerService.js';
import { keepLastQos, type RclPublisher } from '../rcl/rcl.js';
import { loadRcl } from '../rcl/rosEnvironment.js';
import { ClockTicks } from './ClockTicks.js';

/** A topic of a recording. */
export interface PlayedTopic {
  readonly name: string;
  readonly type: string;
  /** QoS of the recorded publisher, which `ros2 bag play` offers too. Default reliable. */
  readonly isBestEffort?: boolean;
  readonly isLatched?: boolean;
}

/** A recorded message that is due now. */
export interface PlayedMessage {
  readonly topic: string;
  /** CDR with its encapsulation header, published unchanged; no other format is allowed. */
  readonly data: Uint8Array;
}

export interface PlayOptions {
  readonly topics: readonly PlayedTopic[];
  /** Yields each message when it is due. */
  readonly messages: () => AsyncIterable<PlayedMessage>;
  /** The recording's time, published on /clock; without it there is no /clock. */
  readonly clock?: { readonly timeNs: bigint };
  /** How long to wait until every topic has a subscriber; then playback starts anyway. */
  readonly waitForSubscribersMs: number;
  readonly signal: AbortSignal;
  readonly notice: (text: string) => void;
  /** Called for a request to ~/toggle_paused. Returns whether playback is paused now. */
  readonly togglePaused: () => boolean;
}

const DEPTH = 100;
const POLL_MS = 20;
/** Reliable readers request missed messages within a few heartbeats. */
const FLUSH_MS = 500;
/**
 * A match is known only on this side: a reader that has not discovered the writer yet loses messages, even reliable
 * ones, and this side cannot see when the discovery is complete.
 */
const SETTLE_MS = 1000;

/**
 * Publishes a recording's messages on live topics, unchanged.
 *
 * @returns messages published, by topic.
 * @throws EffvitError ROS_UNAVAILABLE; UNSUPPORTED if no topic has a known message type.
 */
export async function playMessages(
  rosArguments: readonly string[],
  options: PlayOptions,
): Promise<ReadonlyMap<string, number>> {
  const rcl = await loadRcl();
  await rcl.init(undefined, ['effvit_player', ...rosArguments]);
  const node = new rcl.Node('effvit_player');
  const published = new Map<string, number>();
  let ticks: ClockTicks | undefined;
  try {
    const publishers = new Map<string, RclPublisher<Buffer>>();
    for (const topic of options.topics) {
      const reliability = topic.isBestEffort === true ? 'bestEffort' : 'reliable';
      const durability = topic.isLatched === true ? 'transientLocal' : 'volatile';
      try {
        const qos = keepLastQos(rcl, DEPTH, reliability, durability);
        publishers.set(topic.name, node.createPublisher<Buffer>(topic.type, topic.name, { qos }));
      } catch (error) {
        const [reason = ''] = (error as Error).message.split('\n');
        options.notice(
          `${topic.name} is left out: its type ${topic.type || 'without a name'} is not installed here (${reason}).`,
        );
      }
    }
    if (publishers.size === 0) {
      throw new EffvitError(
        'UNSUPPORTED',
        'None of the topics can be played: source the packages of their messages.',
      );
    }
    const guard = callbackGuard(node);
    if (options.clock !== undefined) {
      // Reliable, which matches reliable and best-effort subscribers; only the newest time matters.
      const qos = keepLastQos(rcl, 1, 'reliable');
      const clock = node.createPublisher<object>('rosgraph_msgs/msg/Clock', '/clock', { qos });
      ticks = new ClockTicks(options.clock, (timeNs) =>
        guard.run('/clock', () => clock.publish({ clock: stampFromNs(timeNs) })),
      );
    }
    offerAction(node, 'std_srvs/srv/Trigger', '~/toggle_paused', () => ({
      success: true,
      message: options.togglePaused() ? 'paused' : 'playing',
    }));
    node.spin();
    await waitForSubscribers(publishers, options);
    if (options.waitForSubscribersMs > 0)
      await delay(SETTLE_MS, undefined, { signal: options.signal }).catch(() => undefined);
    for await (const { topic, data } of options.messages()) {
      const publisher = publishers.get(topic);
      if (publisher === undefined) continue;
      ticks?.tick();
      guard.run(`the publisher of ${topic}`, () => {
        publisher.publish(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
        published.set(topic, (published.get(topic) ?? 0) + 1);
      });
    }
    // The recording has ended, so its time stops.
    ticks?.stop();
    await delay(FLUSH_MS);
    return published;
  } finally {
    ticks?.stop();
    node.stop();
    node.destroy();
    rcl.shutdown();
  }
}

async function waitForSubscribers(
  publishers: ReadonlyMap<string, RclPublisher<Buffer>>,
  { waitForSubscribersMs, signal, notice }: PlayOptions,
): Promise<void> {
  const missing = (): string[] =>
    [...publishers].filter(([, publisher]) => publisher.subscriptionCount === 0).map(([name]) => name);
  const endMs = performance.now() + waitForSubscribersMs;
  while (missing().length > 0 && performance.now() < endMs && !signal.aborted) await delay(POLL_MS);
  const names = missing();
  if (names.length > 0 && waitForSubscribersMs > 0)
    notice(`Nobody listens to ${names.join(', ')}; playing all the same.`);
}
