import { Classifier } from '../../../src/classify/Classifier.js';
import type { ClassResult } from '../../../src/classify/ClassResult.js';
import { type ClassifierOptions, classifierOptions } from '../../../src/classify/classifierOptions.js';
import { loadModel } from '../../../src/classify/loadModel.js';
import type { ImageFrame } from '../../../src/image/ImageFrame.js';
import { classificationCdr } from '../../../src/messages/classificationCdr.js';
import { CAMERA_FRAME_ID, pictureOf } from './benchCameras.js';
import { type Arrival, peerAnswer } from './ResultListener.js';

/** Of each picture the classes, best first. */
export type Answers = readonly (readonly ClassResult[])[];

/** What this process gives for the pictures: the node has to give the same. */
export async function expectedAnswers(
  frames: readonly ImageFrame[],
  given: Partial<ClassifierOptions>,
): Promise<Answers> {
  const options = classifierOptions({ ...given, threads: 1, dropPolicy: 'block' });
  const classifier = await Classifier.start(await loadModel(options), options);
  try {
    const answers: (readonly ClassResult[])[] = [];
    for (const frame of frames) {
      const outcome = await classifier.classify(frame);
      if (outcome.kind !== 'result') throw new Error(`A picture of the bench was dropped: ${outcome.cause}`);
      answers.push(outcome.value);
    }
    return answers;
  } finally {
    await classifier.close();
  }
}

/** Share of the node's messages that are, byte for byte, what they have to be; of none 1. */
export function correctShare(arrivals: readonly Arrival[], answers: Answers): number {
  return share(arrivals, ({ stamp, message }) => {
    const answer = answers[pictureOf(stamp)];
    if (answer === undefined) return false;
    const header = { stamp, frameId: CAMERA_FRAME_ID, source: '' };
    return classificationCdr(header, answer, 'index').equals(message);
  });
}

/** Share of the peer's messages with our best class: it resizes and rounds in its own way. */
export function agreeingShare(arrivals: readonly Arrival[], answers: Answers): number {
  return share(
    arrivals,
    ({ stamp, message }) => peerAnswer(message).top[0]?.[0] === answers[pictureOf(stamp)]?.[0]?.index,
  );
}

function share(arrivals: readonly Arrival[], isRight: (arrival: Arrival) => boolean): number {
  return arrivals.length === 0 ? 1 : arrivals.filter(isRight).length / arrivals.length;
}
