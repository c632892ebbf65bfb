import { performance } from 'node:perf_hooks';
import type { CameraTurns, WaitingCamera } from '../classify/CameraTurns.js';
import { monotonicNs, NS_PER_MS } from '../stats/monotonicNs.js';
import type { CameraInput } from './images/cameraInput.js';
import type { MessageSamples, ReceivedImage, TakenMessage } from './images/MessageSamples.js';
import type { SequenceGaps } from './images/SequenceGaps.js';
import type { RawMessageInfo } from './patches/loadedAddon.js';
import { type DeferredSubscription, subscribeDeferred } from './patches/nodeWithDeferredTakes.js';
import { callbackGuard } from './rcl/CallbackGuard.js';
import { keepLastQos, type RclModule, type RclNode } from './rcl/rcl.js';
import { withQosOverrides } from './rcl/withQosOverrides.js';
import { type OtherEndpoints, type OwnEndpoint, publishersOf } from './reports/otherEndpoints.js';

/** Weight of the newest interval in the moving average of the time between two frames. */
const PERIOD_WEIGHT = 1 / 8;

/** `topic` is the camera's name in its frames. */
export interface CameraEvents {
  /** @param waitedNs how long it waited in the middleware. */
  readonly onImage: (image: ReceivedImage, waitedNs: number) => void;
  /** A message that is not a valid image. */
  readonly onProblem: (topic: string, error: unknown) => void;
  /** Messages that did not arrive, or that newer ones replaced in the middleware before they were taken. */
  readonly onLost: (topic: string, kind: 'missing' | 'superseded', count: number) => void;
  /** An image dropped because the reader held more frames than may wait; the newer ones are retained. */
  readonly onOutdated: (image: ReceivedImage) => void;
}

export interface CameraSubscriptionOptions {
  readonly rcl: RclModule;
  readonly node: RclNode;
  /** The camera's name. */
  readonly camera: string;
  /** The input to subscribe to, with its topic as in the graph. */
  readonly input: CameraInput;
  /** The topic name before remapping. */
  readonly topicName: string;
  readonly events: CameraEvents;
  /** Returns the structures for messages of a type. */
  readonly samplesOf: (type: string) => MessageSamples;
  readonly turns: CameraTurns;
  /** Number of frames that may wait in the middleware's reader, which keeps the newest. */
  readonly depth: number;
  /** Shared by all inputs of the camera. */
  readonly gaps: SequenceGaps;
}

interface Message {
  readonly taken: TakenMessage;
  readonly waitedNs: number;
}

/**
 * The subscription to one camera in one form. Its frames wait in the middleware until {@link CameraTurns} takes one.
 * Frames are views of the buffer that the middleware writes to, without further copies: see {@link MessageSamples}.
 */
export class CameraSubscription implements WaitingCamera {
  readonly #options: CameraSubscriptionOptions;
  readonly #own: OwnEndpoint;
  /** With the user's overrides. */
  readonly #qos: { readonly depth: number };
  readonly #samples: MessageSamples;
  readonly #subscription: DeferredSubscription;
  #lastMessageNs = monotonicNs();
  /** When the reader was last known to be empty. */
  #emptyNs = monotonicNs();
  #activeMs = performance.eventLoopUtilization().active;
  #periodNs = 0;

  /** @throws EffvitError BAD_CONFIG, ROS_UNAVAILABLE */
  constructor(options: CameraSubscriptionOptions) {
    this.#options = options;
    const { rcl, node, input, topicName, samplesOf, depth, turns } = options;
    const qos = keepLastQos(rcl, depth, 'bestEffort');
    this.#own = { type: input.type, qos };
    this.#qos = qos;
    this.#samples = samplesOf(input.type);
    this.#subscription = withQosOverrides(rcl, input.topic, qos, (given) =>
      subscribeDeferred(node, input.type, topicName, given, () => turns.ready(this)),
    );
  }

  /** Since the last message, or since the subscription; 0 while a message waits. */
  get silentNs(): number {
    return this.isWatched ? monotonicNs() - this.#lastMessageNs : 0;
  }

  get periodNs(): number {
    return this.#periodNs;
  }

  get isWatched(): boolean {
    return this.#subscription.isWatched;
  }

  watch(): void {
    this.#subscription.watch();
  }

  unwatch(): void {
    this.#subscription.unwatch();
  }

  takeNext(): boolean {
    const { node, input } = this.#options;
    let wasThere = false;
    callbackGuard(node).run(`the subscription to ${input.topic}`, () => {
      const messages = this.#takeNewest();
      wasThere = messages.length > 0;
      for (const message of messages) this.#handOn(message);
    });
    return wasThere;
  }

  /** The publishers of the topic, and whether all of them match the subscription. */
  publishers(): OtherEndpoints {
    const { node, input } = this.#options;
    return publishersOf(node, input.topic, this.#own);
  }

  destroy(): void {
    this.#options.turns.remove(this);
    this.#subscription.destroy();
  }

  /** The next message. If a QoS override made the reader deeper than allowed, the newest messages. */
  #takeNewest(): Message[] {
    const first = this.#take();
    if (first === undefined) return [];
    const messages = [first];
    const { depth, events } = this.#options;
    const inReader = this.#qos.depth;
    if (this.isWatched || inReader <= depth) return messages;
    while (messages.length < inReader) {
      const next = this.#take();
      if (next === undefined) break;
      messages.push(next);
    }
    for (const { taken } of messages.splice(0, messages.length - depth)) {
      if ('error' in taken) events.onProblem(this.#options.camera, taken.error);
      else events.onOutdated(taken);
    }
    return messages;
  }

  #take(): Message | undefined {
    const { camera } = this.#options;
    const message = this.#samples.take(camera, (struct) => this.#subscription.take(struct));
    const nowNs = monotonicNs();
    if (message === undefined) {
      this.#emptyNs = nowNs;
      // Nothing that was sent until now is replaced any more.
      this.#activeMs = performance.eventLoopUtilization().active;
      return undefined;
    }
    const { taken, info } = message;
    const gap = this.#options.gaps.before(info);
    this.#account(gap, nowNs);
    const waitedNs = this.isWatched ? 0 : this.#waitedNs(info, nowNs);
    if (this.isWatched || this.#qos.depth === 1) this.#emptyNs = nowNs;
    this.#lastMessageNs = nowNs;
    return { taken, waitedNs };
  }

  #handOn({ taken, waitedNs }: Message): void {
    const { camera, events } = this.#options;
    if ('error' in taken) events.onProblem(camera, taken.error);
    else events.onImage(taken, waitedNs);
  }

  /** Updates the interval between messages, and counts skipped messages as missing or superseded. */
  #account(gap: number, nowNs: number): void {
    const { camera, events } = this.#options;
    const activeMs = performance.eventLoopUtilization().active;
    const busyNs = (activeMs - this.#activeMs) * NS_PER_MS;
    this.#activeMs = activeMs;
    const distanceNs = (nowNs - this.#lastMessageNs) / (gap + 1);
    if (gap > 0) {
      // In a watched reader messages are replaced only if this thread was too busy to take them.
      const isReplaced = !this.isWatched || busyNs >= distanceNs * this.#qos.depth;
      events.onLost(camera, isReplaced ? 'superseded' : 'missing', gap);
    }
    this.#periodNs += this.#periodNs === 0 ? distanceNs : (distanceNs - this.#periodNs) * PERIOD_WEIGHT;
  }

  #waitedNs({ received_timestamp }: RawMessageInfo, nowNs: number): number {
    if (received_timestamp <= 0n) return 0;
    const waitedNs = Date.now() * NS_PER_MS - Number(received_timestamp);
    // The system's clock may have been adjusted meanwhile.
    return Math.min(Math.max(waitedNs, 0), nowNs - this.#emptyNs);
  }
}
