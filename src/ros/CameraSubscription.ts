import { performance } from 'node:perf_hooks';
import { monotonicNs } from '../stats/monotonicNs.js';
import type { CameraTurns, WaitingCamera } from './CameraTurns.js';
import type { CameraInput } from './images/cameraInput.js';
import type { MessageSamples } from './images/MessageSamples.js';
import type { ReceivedImage, TakenMessage } from './images/ReceivedImage.js';
import type { SequenceGaps } from './images/SequenceGaps.js';
import type { RawMessageInfo } from './patches/loadedAddon.js';
import { type DeferredSubscription, subscribeDeferred } from './patches/nodeWithDeferredTakes.js';
import { callbackGuard } from './rcl/CallbackGuard.js';
import { OVERRIDABLE_POLICIES, QOS, type RclModule, type RclNode } from './rcl/rcl.js';
import { withQosOverrides } from './rcl/withQosOverrides.js';
import { type OtherEndpoints, type OwnEndpoint, publishersOf } from './reports/otherEndpoints.js';

const NS_PER_MS = 1e6;
/** Of the newest distance in the moving average of the time between two frames. */
const PERIOD_WEIGHT = 1 / 8;

/** `topic` is the camera's name, as its frames carry it. */
export interface CameraEvents {
  /** @param waitedNs how long it lay in the middleware. */
  readonly onImage: (image: ReceivedImage, waitedNs: number) => void;
  /** A message that is no image. */
  readonly onProblem: (topic: string, error: unknown) => void;
  /** Messages that the camera sent and that did not arrive. */
  readonly onMissing: (topic: string, count: number) => void;
  /** Messages that newer ones replaced in the middleware before they were taken. */
  readonly onSuperseded: (topic: string, count: number) => void;
  /** An image that came too late for its place among those that may wait: newer ones have it. */
  readonly onOutdated: (image: ReceivedImage) => void;
}

export interface CameraSubscriptionOptions {
  readonly rcl: RclModule;
  readonly node: RclNode;
  /** The camera's name. */
  readonly camera: string;
  /** What is listened to; its topic as the graph has it. */
  readonly input: CameraInput;
  /** The name that is subscribed to, before remapping. */
  readonly topicName: string;
  readonly events: CameraEvents;
  /** The structures for messages of the type. */
  readonly samplesOf: (type: string) => MessageSamples;
  readonly turns: CameraTurns;
  /** Frames that may wait in the middleware's reader, which keeps the newest. */
  readonly depth: number;
  /** Of the camera, whatever is listened to. */
  readonly gaps: SequenceGaps;
}

interface Message {
  readonly taken: TakenMessage;
  readonly waitedNs: number;
}

/**
 * The subscription to one camera in one form. Its frames lie in the middleware until {@link CameraTurns} wants one. The
 * pixels stay in the one buffer that they are taken to, and frames are views of it: see {@link MessageSamples}.
 */
export class CameraSubscription implements WaitingCamera {
  readonly #options: CameraSubscriptionOptions;
  readonly #own: OwnEndpoint;
  /** With the user's overrides. */
  readonly #qos: { readonly depth: number };
  readonly #samples: MessageSamples;
  readonly #subscription: DeferredSubscription;
  #lastMessageNs = monotonicNs();
  /** When the reader was known to be empty last. */
  #emptyNs = monotonicNs();
  #activeMs = performance.eventLoopUtilization().active;
  #periodNs = 0;

  /** @throws EffvitError BAD_CONFIG, ROS_UNAVAILABLE */
  constructor(options: CameraSubscriptionOptions) {
    this.#options = options;
    const { rcl, node, input, topicName, samplesOf, depth, turns } = options;
    const qos = new rcl.QoS(QOS.keepLast, depth, QOS.bestEffort, QOS.volatile);
    this.#own = { type: input.type, qos };
    this.#qos = qos;
    this.#samples = samplesOf(input.type);
    this.#subscription = withQosOverrides(input.topic, () =>
      subscribeDeferred(node, {
        type: this.#samples.type,
        topicName,
        options: { qos, qosOverridingOptions: new rcl.QoSOverridingOptions(OVERRIDABLE_POLICIES) },
        onReady: () => turns.ready(this),
      }),
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

  /** Who publishes the topic, and whether all of them can be heard. */
  publishers(): OtherEndpoints {
    const { node, input } = this.#options;
    return publishersOf(node, input.topic, this.#own);
  }

  destroy(): void {
    this.#options.turns.remove(this);
    this.#subscription.destroy();
  }

  /** The next message; of a reader that an override made deeper than frames may wait, the newest ones. */
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

  /** Notes how far the message is from the one before, and what became of those between. */
  #account(gap: number, nowNs: number): void {
    const { camera, events } = this.#options;
    const activeMs = performance.eventLoopUtilization().active;
    const busyNs = (activeMs - this.#activeMs) * NS_PER_MS;
    this.#activeMs = activeMs;
    const distanceNs = (nowNs - this.#lastMessageNs) / (gap + 1);
    if (gap > 0) {
      // Of a reader that is watched nothing is replaced, unless this thread had no time for it.
      const isReplaced = !this.isWatched || busyNs >= distanceNs * this.#qos.depth;
      if (isReplaced) events.onSuperseded(camera, gap);
      else events.onMissing(camera, gap);
    }
    this.#periodNs += this.#periodNs === 0 ? distanceNs : (distanceNs - this.#periodNs) * PERIOD_WEIGHT;
  }

  #waitedNs({ received_timestamp }: RawMessageInfo, nowNs: number): number {
    if (received_timestamp <= 0n) return 0;
    const waitedNs = Date.now() * NS_PER_MS - Number(received_timestamp);
    // The system's clock may have been set meanwhile.
    return Math.min(Math.max(waitedNs, 0), nowNs - this.#emptyNs);
  }
}
