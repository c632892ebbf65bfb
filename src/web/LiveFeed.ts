import type { FrameReportMessage } from '../messages/frameReportMessage.js';
import type { PipelineStatisticsMessage } from '../messages/pipelineStatisticsMessage.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import { type EventStream, eventChunk } from './EventStream.js';
import { liveFrame } from './liveFrame.js';

/** Frames of a camera that are shown: at most five a second, which is what a person follows. */
const FRAME_PERIOD_NS = 2e8;
/** And of all of them together one at most in this time: pictures are made beside the classifying. */
const TURN_NS = 1e8;
/** Cameras that are kept: a name comes from a topic, and topics are not endless. */
const MOST_CAMERAS = 64;

/** diagnostic_msgs/msg/DiagnosticStatus, as far as it is shown; the level as a number. */
export interface LiveStatus {
  readonly level: number;
  readonly name: string;
  readonly message: string;
  readonly values: readonly { readonly key: string; readonly value: string }[];
}

interface Camera {
  nextNs: number;
  jpeg: Uint8Array | undefined;
  /** Counts up with every picture. */
  picture: number;
}

/**
 * What the live page shows, handed to the browsers that look. Nothing is computed for nobody: while no browser is
 * connected, a frame costs the look at a number.
 */
export class LiveFeed {
  /** The node that is looked at, fully qualified. */
  readonly title: string;
  readonly #streams = new Set<EventStream>();
  readonly #cameras = new Map<string, Camera>();
  /** By camera, then by cause: frames that were dropped since this feed began. */
  readonly #drops = new Map<string, Map<string, number>>();
  #statistics: string | undefined;
  #diagnostics: string | undefined;
  readonly #onWatched: (isWatched: boolean) => void;

  /** @param onWatched told when the first browser comes and when the last one has left. */
  constructor(title: string, onWatched: (isWatched: boolean) => void = () => {}) {
    this.title = title;
    this.#onWatched = onWatched;
  }

  get isWatched(): boolean {
    return this.#streams.size > 0;
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  get wantsPictures(): boolean {
    for (const { wantsPictures } of this.#streams) if (wantsPictures) return true;
    return false;
  }

  /** A browser that came: it is told what is known, then what comes. */
  add(stream: EventStream): void {
    this.#streams.add(stream);
    stream.send(eventChunk('hello', { title: this.title }));
    for (const chunk of [this.#statistics, this.#diagnostics]) if (chunk !== undefined) stream.send(chunk);
    stream.send(this.#dropsChunk());
    if (this.#streams.size === 1) this.#onWatched(true);
  }

  remove(stream: EventStream): void {
    if (!this.#streams.delete(stream) || this.isWatched) return;
    for (const camera of this.#cameras.values()) camera.jpeg = undefined;
    this.#onWatched(false);
  }

  statistics(message: PipelineStatisticsMessage): void {
    if (!this.isWatched) {
      this.#statistics = undefined;
      return;
    }
    this.#statistics = eventChunk('statistics', message);
    this.#broadcast(this.#statistics);
    this.#broadcast(this.#dropsChunk());
  }

  diagnostics(statuses: readonly LiveStatus[]): void {
    if (!this.isWatched) {
      this.#diagnostics = undefined;
      return;
    }
    const shown = statuses.map(({ level, name, message, values }) => ({ level, name, message, values }));
    this.#diagnostics = eventChunk('diagnostics', shown);
    this.#broadcast(this.#diagnostics);
  }

  /** A frame that was dropped. */
  dropped(source: string, cause: string): void {
    let causes = this.#drops.get(source);
    if (causes === undefined) {
      if (this.#drops.size >= MOST_CAMERAS) return;
      causes = new Map();
      this.#drops.set(source, causes);
    }
    causes.set(cause, (causes.get(cause) ?? 0) + 1);
  }

  /** Counts anew, as the node does. */
  reset(): void {
    this.#drops.clear();
  }

  /** Whether a frame of this camera is to be shown now; asked for each that is, once. */
  takesFrame(source: string): boolean {
    if (!this.isWatched) return false;
    const camera = this.#camera(source);
    const nowNs = monotonicNs();
    if (camera === undefined || nowNs < camera.nextNs) return false;
    camera.nextNs = nowNs + Math.max(FRAME_PERIOD_NS, TURN_NS * this.#cameras.size);
    return true;
  }

  /** Shows a frame that was classified. @param jpeg its picture, where somebody looks at pictures. */
  frame(report: FrameReportMessage, jpeg?: Uint8Array): void {
    const camera = this.#camera(report.source);
    if (camera === undefined || !this.isWatched) return;
    if (jpeg !== undefined) {
      camera.jpeg = jpeg;
      camera.picture += 1;
    }
    this.#broadcast(eventChunk('frame', liveFrame(report, jpeg === undefined ? undefined : camera.picture)));
  }

  /** The newest picture of a camera, as JPEG. */
  picture(source: string): Uint8Array | undefined {
    return this.#cameras.get(source)?.jpeg;
  }

  /** Ends all connections. */
  close(): void {
    for (const stream of [...this.#streams]) {
      stream.close();
      this.remove(stream);
    }
  }

  #camera(source: string): Camera | undefined {
    const known = this.#cameras.get(source);
    if (known !== undefined || this.#cameras.size >= MOST_CAMERAS) return known;
    const camera: Camera = { nextNs: 0, jpeg: undefined, picture: 0 };
    this.#cameras.set(source, camera);
    return camera;
  }

  #dropsChunk(): string {
    const drops = [...this.#drops].map(([camera, causes]) => [camera, Object.fromEntries(causes)]);
    return eventChunk('drops', Object.fromEntries(drops));
  }

  #broadcast(chunk: string): void {
    for (const stream of this.#streams) if (!stream.send(chunk)) this.remove(stream);
  }
}
