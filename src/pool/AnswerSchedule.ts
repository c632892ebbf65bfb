import type { WorkerTimes } from './FrameRecord.js';
import { type PoolTimer, systemClock } from './PoolClock.js';
import type { VirtualClock } from './VirtualClock.js';
import type { FrameAnswer } from './workerProtocol.js';

interface ScheduledFrame {
  readonly handedOverNs: number;
  readonly inputCount: number;
  startNs: number;
  endNs: number;
  answer: FrameAnswer | undefined;
  /** Set while the clock waits for the answer. */
  onAnswer: (() => void) | undefined;
}

export interface AnswerScheduleOptions {
  readonly clock: VirtualClock;
  /** The longest real time that the clock waits for an answer. */
  readonly limitMs: number;
  /** The worker's next answer, at its time. */
  readonly deliver: (answer: FrameAnswer, times: WorkerTimes) => void;
  /** An answer did not come within the limit. */
  readonly giveUp: () => void;
}

/**
 * The frames and answers of one worker under a virtual clock. The thread computes as fast as it can; its answers are
 * delivered when the clock's service model says. Frames are computed one at a time, in the order of handover.
 */
export class AnswerSchedule {
  readonly #options: AnswerScheduleOptions;
  #frames: ScheduledFrame[] = [];

  constructor(options: AnswerScheduleOptions) {
    this.#options = options;
  }

  /** @param inputCount 1, or the number of the frame's regions. */
  handedOver(inputCount: number): void {
    const handedOverNs = this.#options.clock.nowNs();
    const frame = { handedOverNs, inputCount, startNs: 0, endNs: 0, answer: undefined, onAnswer: undefined };
    this.#frames.push(frame);
    if (this.#frames.length === 1) this.#begin(frame);
  }

  /** Answers of the thread, in the order of the frames. */
  receive(answers: readonly FrameAnswer[]): void {
    for (const answer of answers) {
      const frame = this.#frames.find((one) => one.answer === undefined);
      if (frame === undefined) continue;
      frame.answer = answer;
      frame.onAnswer?.();
    }
  }

  /** The worker is lost: what it has answered is delivered now, whatever the service model says, and nothing more. */
  end(): void {
    const nowNs = this.#options.clock.nowNs();
    for (const { answer, handedOverNs, startNs } of this.#clear()) {
      const isDeath = typeof answer === 'object' && answer.error.code === 'WORKER_DIED';
      if (answer === undefined || isDeath) continue;
      this.#deliver(answer, handedOverNs, startNs === 0 ? nowNs : startNs, nowNs);
    }
    // A receiver may have handed over another frame.
    this.#clear();
  }

  #clear(): readonly ScheduledFrame[] {
    const frames = this.#frames;
    this.#frames = [];
    for (const { onAnswer } of frames) onAnswer?.();
    return frames;
  }

  #begin(frame: ScheduledFrame): void {
    const { clock } = this.#options;
    frame.startNs = clock.nowNs();
    frame.endNs = clock.service.serve(frame.startNs, frame.inputCount);
    clock.at(frame.endNs, () => this.#end(frame));
  }

  async #end(frame: ScheduledFrame): Promise<void> {
    if (this.#frames[0] === frame && frame.answer === undefined) await this.#answered(frame);
    const { answer, handedOverNs, startNs, endNs } = frame;
    // The worker may have been lost.
    if (this.#frames[0] !== frame || answer === undefined) return;
    this.#frames.shift();
    const [next] = this.#frames;
    if (next !== undefined) this.#begin(next);
    this.#deliver(answer, handedOverNs, startNs, endNs);
  }

  #deliver(answer: FrameAnswer, handedOverNs: number, startNs: number, endedNs: number): void {
    const untimed = { decodeNs: 0, preprocessNs: 0, batchWaitNs: 0, rankNs: 0 };
    const inferenceNs = endedNs - startNs;
    this.#options.deliver(answer, { handedOverNs, startNs, ...untimed, inferenceNs, endedNs });
  }

  async #answered(frame: ScheduledFrame): Promise<void> {
    const { limitMs, giveUp } = this.#options;
    let limit: PoolTimer | undefined;
    await new Promise<void>((resolve) => {
      frame.onAnswer = resolve;
      limit = systemClock.setTimer(limitMs, giveUp, { keepsAlive: true });
    });
    limit?.cancel();
  }
}
