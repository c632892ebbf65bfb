import type { Classifier } from '../classify/Classifier.js';
import { RESULT_CHOICES, type ResultChoice } from '../classify/RegionResult.js';
import { stampFromNs } from '../core/Stamp.js';
import { classificationMessage, labelInfoMessage } from '../messages/classificationMessage.js';
import { classifiedDetectionsMessage } from '../messages/classifiedDetectionsMessage.js';
import { DETECTIONS_TYPE } from '../messages/detectionsMessage.js';
import { frameReportMessage } from '../messages/frameReportMessage.js';
import { headerMessage } from '../messages/headerMessage.js';
import type { ReplayedFrame } from './replayBag.js';
import { McapBagWriter } from './writing/McapBagWriter.js';

/** Library in the header, which distinguishes results from a recording of cameras written by {@link McapBagWriter}. */
const RESULTS_LIBRARY = 'effvit replay';

/** The node's topic names if it is called `classifier` and has no namespace. */
const CLASSIFICATION_TOPIC = '/classification';
const SMOOTHED_TOPIC = '/classification_smoothed';
const DETECTIONS_TOPICS = {
  raw: '/classified_detections',
  smoothed: '/classified_detections_smoothed',
} as const;
const FRAMES_TOPIC = '/classifier/frames';
const LABELS_TOPIC = '/label_info';

/** What is written of each frame's boxes. */
function detectionResults({ options }: Pick<Classifier, 'options'>): readonly ResultChoice[] {
  return options.smoothing === 'none' ? ['raw'] : RESULT_CHOICES;
}

/** The part of the classifier that a recording describes. */
type ClassifierFacts = Pick<Classifier, 'info' | 'labels' | 'options'>;

/**
 * Writes the results of a replay as a recording, at the log times of the images: vision_msgs/LabelInfo once at the
 * start, vision_msgs/Classification of every published frame with the header of its image (with smoothing, the smoothed
 * one too) or vision_msgs/Detection2DArray of its boxes, and effvit/FrameReport of every frame.
 */
export class ResultBagWriter {
  /** Closing or aborting it finishes or removes the recording. */
  readonly writer: McapBagWriter;
  readonly #classifier: ClassifierFacts;
  #hasLabels = false;
  readonly #framesOfSource = new Map<string, number>();

  private constructor(writer: McapBagWriter, classifier: ClassifierFacts) {
    this.writer = writer;
    this.#classifier = classifier;
  }

  /**
   * @param hasDetections whether boxes of detectors are classified.
   * @throws EffvitError as {@link McapBagWriter.create}
   */
  static async create(
    path: string,
    classifier: ClassifierFacts,
    hasDetections: boolean,
  ): Promise<ResultBagWriter> {
    const writer = await McapBagWriter.create(path, { library: RESULTS_LIBRARY });
    try {
      await writer.addTopic({ name: CLASSIFICATION_TOPIC, type: 'vision_msgs/msg/Classification' });
      if (classifier.options.smoothing !== 'none') {
        await writer.addTopic({ name: SMOOTHED_TOPIC, type: 'vision_msgs/msg/Classification' });
      }
      for (const results of hasDetections ? detectionResults(classifier) : []) {
        await writer.addTopic({ name: DETECTIONS_TOPICS[results], type: DETECTIONS_TYPE });
      }
      await writer.addTopic({ name: LABELS_TOPIC, type: 'vision_msgs/msg/LabelInfo', qos: 'latched' });
      await writer.addTopic({ name: FRAMES_TOPIC, type: 'effvit/msg/FrameReport' });
    } catch (error) {
      await writer.abort();
      throw error;
    }
    return new ResultBagWriter(writer, classifier);
  }

  /** @throws EffvitError IO_FAILED; the recording is removed. */
  async write({ outcome, logTimeNs, detections }: ReplayedFrame): Promise<void> {
    const times = { logTimeNs };
    const { info, labels, options } = this.#classifier;
    if (!this.#hasLabels) {
      this.#hasLabels = true;
      const header = { stamp: stampFromNs(logTimeNs), frame_id: '' };
      await this.writer.write(LABELS_TOPIC, labelInfoMessage(header, labels, options.scoreThreshold), times);
    }
    if (outcome.kind === 'result') {
      const message = classificationMessage(outcome.header, outcome.value, 'index');
      await this.writer.write(CLASSIFICATION_TOPIC, message, times);
      if (outcome.smoothed !== undefined) {
        const smoothed = classificationMessage(outcome.header, outcome.smoothed, 'index');
        await this.writer.write(SMOOTHED_TOPIC, smoothed, times);
      }
    }
    if (outcome.kind === 'regions' && detections !== undefined) {
      for (const results of detectionResults({ options })) {
        const message = classifiedDetectionsMessage(
          headerMessage(outcome.header),
          detections,
          outcome.regions,
          { classIdFormat: 'index', hypotheses: options.detectionsHypotheses, results },
        );
        await this.writer.write(DETECTIONS_TOPICS[results], message, times);
      }
    }
    const { source } = outcome.header;
    const sequence = this.#framesOfSource.get(source) ?? 0;
    this.#framesOfSource.set(source, sequence + 1);
    const report = frameReportMessage(outcome, {
      sequence,
      backend: info.backend,
      isSimulated: info.isSimulated,
      regionIds: detections?.detections.map(({ id }) => id) ?? [],
    });
    await this.writer.write(FRAMES_TOPIC, report, times);
  }
}
