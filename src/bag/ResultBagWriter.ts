import { classificationMessage } from '../classify/messages/classificationMessage.js';
import { frameReportMessage } from '../classify/messages/frameReportMessage.js';
import type { LoadedModelInfo } from '../inference/InferenceBackend.js';
import type { ReplayedFrame } from './replayBag.js';
import { McapBagWriter } from './writing/McapBagWriter.js';

/** The names that the node publishes under when it is called `classifier` and has no namespace. */
const CLASSIFICATION_TOPIC = '/classification';
const FRAMES_TOPIC = '/classifier/frames';

/**
 * The results of a replay as a recording: vision_msgs/Classification of every published frame with the header of
 * its image, and effvit/FrameReport of every frame, at the log time of the image.
 */
export class ResultBagWriter {
  readonly #writer: McapBagWriter;
  readonly #info: Pick<LoadedModelInfo, 'backend' | 'isSimulated'>;
  readonly #framesOfSource = new Map<string, number>();

  private constructor(writer: McapBagWriter, info: Pick<LoadedModelInfo, 'backend' | 'isSimulated'>) {
    this.#writer = writer;
    this.#info = info;
  }

  /** @throws EffvitError as {@link McapBagWriter.create} */
  static async create(
    path: string,
    info: Pick<LoadedModelInfo, 'backend' | 'isSimulated'>,
  ): Promise<ResultBagWriter> {
    const writer = await McapBagWriter.create(path);
    try {
      await writer.addTopic({ name: CLASSIFICATION_TOPIC, type: 'vision_msgs/msg/Classification' });
      await writer.addTopic({ name: FRAMES_TOPIC, type: 'effvit/msg/FrameReport' });
    } catch (error) {
      await writer.abort();
      throw error;
    }
    return new ResultBagWriter(writer, info);
  }

  get path(): string {
    return this.#writer.path;
  }

  /** @throws EffvitError IO_FAILED: nothing of the recording is left then. */
  async write({ outcome, logTimeNs }: ReplayedFrame): Promise<void> {
    const times = { logTimeNs };
    if (outcome.kind === 'result') {
      const message = classificationMessage(outcome.header, outcome.value, 'label');
      await this.#writer.write(CLASSIFICATION_TOPIC, message, times);
    }
    const { source } = outcome.header;
    const sequence = this.#framesOfSource.get(source) ?? 0;
    this.#framesOfSource.set(source, sequence + 1);
    const report = frameReportMessage(outcome, { sequence, ...this.#info });
    await this.#writer.write(FRAMES_TOPIC, report, times);
  }

  /** The recording appears under its name. */
  close(): Promise<void> {
    return this.#writer.close();
  }

  /** Leaves nothing behind. */
  abort(): Promise<void> {
    return this.#writer.abort();
  }
}
