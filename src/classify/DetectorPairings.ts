import { asEffvitError } from '../core/EffvitError.js';
import { runAllStepsNow } from '../core/runAllSteps.js';
import type { Stamp } from '../core/Stamp.js';
import type { FrameHeader } from '../image/ImageFrame.js';
import {
  DetectionPairing,
  type PairingOptions,
  UNMATCHED_CAUSES,
  type UnmatchedCause,
  type UnmatchedCounts,
  type UnmatchedView,
} from './DetectionPairing.js';

/** A message of a detector. */
interface Detected {
  readonly header: { readonly stamp: Stamp; readonly frame_id: string };
}

interface Pictured {
  readonly frame: FrameHeader;
}

export interface DetectorEvents<Image, Detections> {
  /** An image and its detections. */
  readonly onMatch: (image: Image, detections: Detections) => void;
  /** An image without detections from its detector. */
  readonly onUnmatched: (image: Image, cause: UnmatchedCause) => void;
  /** Called with a sentence, once for each camera and cause. */
  readonly warn: (text: string) => void;
}

const WARNED_CAUSES: Readonly<Partial<Record<UnmatchedCause, string>>> = {
  waited_too_long:
    'none of its stamp came in time: see that the detector runs on the same images and keeps their stamps, or raise detections_wait_ms or detections_slop_ms',
  buffer_full:
    'too many frames wait for theirs: the detector is slower than detections_buffer frames, so raise that, or lower the rate of the camera',
};

/** The frames of several cameras that wait for the boxes of their detectors, and the boxes that wait for frames. */
export class DetectorPairings<Image extends Pictured, Detections extends Detected> {
  readonly #events: DetectorEvents<Image, Detections>;
  /** By the detector's topic. */
  readonly #pairings = new Map<string, DetectionPairing<Image, Detections>>();
  readonly #detectorOf: ReadonlyMap<string, string>;
  readonly #warned = new Set<string>();

  /** @param detectorOf the detector's topic of each camera that has one. */
  constructor(
    detectorOf: ReadonlyMap<string, string>,
    options: PairingOptions,
    events: DetectorEvents<Image, Detections>,
  ) {
    this.#detectorOf = detectorOf;
    this.#events = events;
    for (const topic of new Set(detectorOf.values())) {
      const pairing = new DetectionPairing<Image, Detections>(options, {
        onMatch: events.onMatch,
        onUnmatchedFrame: (image, cause) => {
          this.#tell(image.frame.source, topic, cause);
          events.onUnmatched(image, cause);
        },
      });
      this.#pairings.set(topic, pairing);
    }
  }

  /** Of the detectors. */
  get topics(): readonly string[] {
    return [...this.#pairings.keys()];
  }

  /** Holds an image until its detections arrive. @returns false for a camera without a detector. */
  hold(image: Image, nowNs: number): boolean {
    const topic = this.#detectorOf.get(image.frame.source);
    const pairing = topic === undefined ? undefined : this.#pairings.get(topic);
    pairing?.addFrame(image, image.frame, nowNs);
    return pairing !== undefined;
  }

  /** A message of a detector. @param read throws if it is malformed, which is counted. */
  detected(topic: string, read: () => Detections, nowNs: number): void {
    const pairing = this.#pairings.get(topic);
    if (pairing === undefined) return;
    let detections: Detections;
    try {
      detections = read();
    } catch (error) {
      pairing.detections.unmatched.malformed += 1;
      this.#warnOnce(`malformed ${topic}`, asEffvitError(error).message);
      return;
    }
    const { stamp, frame_id: frameId } = detections.header;
    pairing.addDetections(detections, { stamp, frameId }, nowNs);
  }

  /** Ends the wait of what has waited too long; to be called periodically. */
  expire(nowNs: number): void {
    for (const pairing of this.#pairings.values()) pairing.expire(nowNs);
  }

  setOptions(options: PairingOptions): void {
    for (const pairing of this.#pairings.values()) pairing.options = options;
  }

  /** Over all detectors. */
  unmatched(): UnmatchedView {
    const pairings = [...this.#pairings.values()];
    const sum = (side: 'frames' | 'detections') =>
      Object.fromEntries(
        UNMATCHED_CAUSES.map((cause) => [
          cause,
          pairings.reduce((total, one) => total + one[side].unmatched[cause], 0),
        ]),
      ) as UnmatchedCounts;
    return { frames: sum('frames'), detections: sum('detections') };
  }

  resetCounts(): void {
    for (const pairing of this.#pairings.values()) pairing.resetCounts();
  }

  /** Ends the wait of everything. */
  close(): void {
    runAllStepsNow([...this.#pairings.values()].map((pairing) => () => pairing.close()));
  }

  /** Tells of each cause once per camera. */
  #tell(camera: string, topic: string, cause: UnmatchedCause): void {
    const text = WARNED_CAUSES[cause];
    if (text === undefined) return;
    this.#warnOnce(
      `${cause} ${camera}`,
      `A frame of ${camera} is dropped as unmatched, as more may be: of the detections on ${topic} ${text}.`,
    );
  }

  #warnOnce(key: string, text: string): void {
    if (this.#warned.has(key)) return;
    this.#warned.add(key);
    this.#events.warn(text);
  }
}
