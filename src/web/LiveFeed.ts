import { randomUUID } from 'node:crypto';
import type { FrameReportMessage } from '../messages/frameReportMessage.js';
import type { PipelineStatisticsMessage } from '../messages/pipelineStatisticsMessage.js';
import { monotonicNs } from '../stats/monotonicNs.js';
import { type EventStream, eventChunk } from './EventStream.js';

/** Least time between shown frames of one camera: five a second, as a person can follow no more. */
const FRAME_PERIOD_NS = 2e8;
/** Average time between shown frames of all cameras, since encoding pictures competes with classification. */
const TURN_NS = 1e8;
/** Most cameras that are kept. */
const MOST_CAMERAS = 64;

/** The shown part of diagnostic_msgs/msg/DiagnosticStatus; the level as a number. */
export interface LiveStatus {
  readonly level: number;
  readonly name: string;
  readonly message: string;
  readonly values: readonly { readonly key: string; readonly value: string }[];
}

interface Camera {
  nextNs: number;
  jpeg: Uint8Array | undefined;
  /** Incremented with every picture. */
  picture: number;
}

/**
 * Sends the content of the live page to the connected browsers. Without a browser nothing is computed: a frame then
 * costs one comparison.
 */
export class LiveFeed {
  /** Fully qualified name of the displayed node. */
  readonly title: string;
  /** Another one for each start, so that a page that stays open forgets the cameras and pictures of an earlier one. */
  readonly #id = randomUUID();
  readonly #streams = new Set<EventStream>();
  readonly #cameras = new Map<string, Camera>();
  /** Dropped frames since the start of this feed, by camera, then by cause. */
  readonly #drops = new Map<string, Map<string, number>>();
  /** The newest state by its name, for browsers that connect later. */
  readonly #states = new Map<string, string>();
  readonly #onWatched: (isWatched: boolean) => void;

  /** @param onWatched called when the first browser connects and when the last one has disconnected. */
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

  /** Adds a browser: it gets the current state, then every update. */
  add(stream: EventStream): void {
    this.#streams.add(stream);
    stream.send(eventChunk('hello', { title: this.title, id: this.#id }));
    for (const chunk of this.#states.values()) stream.send(chunk);
    stream.send(this.#dropsChunk());
    if (this.#streams.size === 1) this.#onWatched(true);
  }

  remove(stream: EventStream): void {
    if (!this.#streams.delete(stream) || this.isWatched) return;
    for (const camera of this.#cameras.values()) camera.jpeg = undefined;
    this.#onWatched(false);
  }

  statistics(message: PipelineStatisticsMessage): void {
    this.#state('statistics', message);
    if (this.isWatched) this.#broadcast(this.#dropsChunk());
  }

  diagnostics(statuses: readonly LiveStatus[]): void {
    const shown = statuses.map(({ level, name, message, values }) => ({ level, name, message, values }));
    this.#state('diagnostics', shown);
  }

  /** Counts a dropped frame. */
  dropped(source: string, cause: string): void {
    let causes = this.#drops.get(source);
    if (causes === undefined) {
      if (this.#drops.size >= MOST_CAMERAS) return;
      causes = new Map();
      this.#drops.set(source, causes);
    }
    causes.set(cause, (causes.get(cause) ?? 0) + 1);
  }

  /** Resets the counts, as the node does. */
  reset(): void {
    this.#drops.clear();
  }

  /** Whether to show a frame of this camera now; call it once per frame, since it updates the rate limit. */
  takesFrame(source: string): boolean {
    if (!this.isWatched) return false;
    const camera = this.#camera(source);
    const nowNs = monotonicNs();
    if (camera === undefined || nowNs < camera.nextNs) return false;
    camera.nextNs = nowNs + Math.max(FRAME_PERIOD_NS, TURN_NS * this.#cameras.size);
    return true;
  }

  /** Shows a classified frame. @param jpeg its picture, if a browser shows pictures. */
  frame(report: FrameReportMessage, jpeg?: Uint8Array): void {
    const camera = this.#camera(report.source);
    if (camera === undefined || !this.isWatched) return;
    if (jpeg !== undefined) {
      camera.jpeg = jpeg;
      camera.picture += 1;
    }
    this.#broadcast(eventChunk('frame', { ...report, picture: jpeg && camera.picture }));
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

  #state(name: 'statistics' | 'diagnostics', state: unknown): void {
    this.#states.delete(name);
    if (!this.isWatched) return;
    const chunk = eventChunk(name, state);
    this.#states.set(name, chunk);
    this.#broadcast(chunk);
  }

  #dropsChunk(): string {
    const drops = [...this.#drops].map(([camera, causes]) => [camera, Object.fromEntries(causes)]);
    return eventChunk('drops', Object.fromEntries(drops));
  }

  #broadcast(chunk: string): void {
    for (const stream of this.#streams) if (!stream.send(chunk)) this.remove(stream);
  }
}
