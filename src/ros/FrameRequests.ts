import type { ClassifyOutcome } from '../classify/Classifier.js';
import type { ClassifyRegionsOutcome } from '../classify/RegionResult.js';
import type { DetectionsMessage } from '../messages/detectionsMessage.js';
import type { FrameReportMessage } from '../messages/frameReportMessage.js';

/** A request for the outcome of one frame. */
export interface FrameRequest {
  /** False: only the requester gets the result, and the rate limit does not apply. ~/frames reports it in any case. */
  readonly isPublished: boolean;
  /** It has no part in what the camera's frames are compared with: smoothing, and a content that does not change. */
  readonly isSingle?: boolean;
  /** Boxes that are classified in place of the whole frame. */
  readonly detections?: DetectionsMessage | undefined;
  /** Called once, when the frame's outcome is known. */
  readonly onOutcome: (answered: AnsweredRequest) => void;
}

export interface AnsweredRequest {
  readonly outcome: ClassifyOutcome | ClassifyRegionsOutcome;
  readonly report: FrameReportMessage;
  /** The boxes that were classified in place of the whole frame. */
  readonly detections?: DetectionsMessage | undefined;
}

/** What is classified of a requested frame: all of it, the boxes that the camera's detector finds in it, or these. */
export type RequestedPart = 'whole' | 'detector' | DetectionsMessage;

interface Waiting {
  readonly part: RequestedPart;
  readonly onOutcome: FrameRequest['onOutcome'];
}

/** Who waits for the next frame of a camera. */
export class FrameRequests {
  readonly #waiting = new Map<string, Set<Waiting>>();

  /** The cameras whose frames somebody waits for. */
  get topics(): readonly string[] {
    return [...this.#waiting.keys()];
  }

  has(topic: string): boolean {
    return this.#waiting.has(topic);
  }

  /** Whether somebody waits for a frame with the boxes of the camera's detector. */
  wantsDetector(topic: string): boolean {
    return this.#of(topic).some(({ part }) => part === 'detector');
  }

  /** @returns function that stops waiting. */
  add(topic: string, part: RequestedPart, onOutcome: FrameRequest['onOutcome']): () => void {
    const one: Waiting = { part, onOutcome };
    this.#waiting.set(topic, (this.#waiting.get(topic) ?? new Set()).add(one));
    return () => this.#remove(topic, [one]);
  }

  /** Ends the wait of all who want the whole of this frame, or of the first who gave boxes. */
  take(topic: string, isPublished: boolean): FrameRequest | undefined {
    // Asked for every frame of the node.
    if (this.#waiting.size === 0) return undefined;
    const waiting = this.#of(topic);
    const whole = waiting.filter(({ part }) => part === 'whole');
    if (whole.length > 0) return this.#request(topic, whole, isPublished);
    const first = waiting.find(({ part }) => typeof part !== 'string');
    if (first === undefined) return undefined;
    const detections = first.part as DetectionsMessage;
    // The result of the whole frame is published, not that of some boxes of it.
    return { ...this.#request(topic, [first], false), isSingle: true, detections };
  }

  /** Ends the wait of all who want the boxes of the detector. */
  takeDetected(topic: string, isPublished: boolean): FrameRequest | undefined {
    const waiting = this.#of(topic).filter(({ part }) => part === 'detector');
    return waiting.length === 0 ? undefined : this.#request(topic, waiting, isPublished);
  }

  clear(): void {
    this.#waiting.clear();
  }

  #of(topic: string): Waiting[] {
    return [...(this.#waiting.get(topic) ?? [])];
  }

  #request(topic: string, waiting: readonly Waiting[], isPublished: boolean): FrameRequest {
    this.#remove(topic, waiting);
    const onOutcome = (answered: AnsweredRequest): void => {
      for (const one of waiting) one.onOutcome(answered);
    };
    return { isPublished, onOutcome };
  }

  #remove(topic: string, waiting: readonly Waiting[]): void {
    const left = this.#waiting.get(topic);
    for (const one of waiting) left?.delete(one);
    if (left?.size === 0) this.#waiting.delete(topic);
  }
}
