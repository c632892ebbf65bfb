import { defined } from '../core/defined.js';
import { EffvitError, fileError } from '../core/EffvitError.js';
import { DETECTIONS_TYPE } from '../messages/detectionsMessage.js';
import type { BagFile, BagTopic } from './BagFile.js';
import type { BagDetections, BagImage, BagMessageProblem } from './BagImage.js';
import { BagVideo } from './BagVideo.js';
import type { BagWarnings } from './BagWarnings.js';
import { decompressedMessages } from './decompressedMessages.js';
import { conversionHint, hasImages, imageParserFor, plainType, videoParserFor } from './imageParserFor.js';
import { mergeByLogTime } from './mergeByLogTime.js';
import { mergedTopics } from './mergedTopics.js';
import type { RawBagMessage } from './RawBagMessage.js';

/** Selects messages of a bag; an absent field does not restrict them. */
export interface BagReadOptions {
  /** Topic names, with or without the leading slash. */
  readonly topics?: readonly string[];
  /** First log time, inclusive, nanoseconds since the epoch. */
  readonly startNs?: bigint;
  /** Last log time, inclusive. */
  readonly endNs?: bigint;
}

/** A recording: a rosbag2 folder or one storage file of it. Made by `openBag`. */
export class BagReader {
  /** As it was opened. */
  readonly path: string;
  readonly #files: readonly BagFile[];
  readonly #warnings: BagWarnings;
  readonly #topics: ReadonlyMap<string, BagTopic>;

  constructor(path: string, files: readonly BagFile[], warnings: BagWarnings) {
    this.path = path;
    this.#files = files;
    this.#warnings = warnings;
    const topics = mergedTopics(files.flatMap((file) => file.topics));
    this.#topics = new Map(topics.map((topic) => [topic.name, topic]));
  }

  /** What is missing from the bag, one sentence each. Reading the bag can add warnings, so check again afterwards. */
  get warnings(): readonly string[] {
    return this.#warnings.list();
  }

  /** Log time of the first message, if the bag states it; nanoseconds since the epoch. */
  get startNs(): bigint | undefined {
    return sorted(this.#files.map((file) => file.startNs)).at(0);
  }

  /** Log time of the last message, if the bag states it. */
  get endNs(): bigint | undefined {
    return sorted(this.#files.map((file) => file.endNs)).at(-1);
  }

  /** All topics, ordered by name. */
  topics(): readonly BagTopic[] {
    return [...this.#topics.values()];
  }

  /** A topic by its name, with or without the leading slash. @throws EffvitError NOT_FOUND */
  topic(name: string): BagTopic {
    return this.#topic(name, 'image', hasImages);
  }

  /** A topic of detections, as {@link topic}. @throws EffvitError NOT_FOUND, BAD_ARGUMENT for one of another type */
  detectionTopic(name: string): BagTopic {
    const topic = this.#topic(name, 'detection', isDetector);
    if (isDetector(topic)) return topic;
    throw new EffvitError(
      'BAD_ARGUMENT',
      `Topic ${topic.name} of ${this.path} has ${topic.type || 'unnamed'} messages (${topic.encoding}), not ${DETECTIONS_TYPE} (cdr); ${this.#topicList('detection', isDetector)}.`,
      { context: { topic: topic.name, file: this.path } },
    );
  }

  /** The topics with images in a supported format. */
  imageTopics(): readonly BagTopic[] {
    return this.topics().filter(hasImages);
  }

  /**
   * Messages in log-time order across all files; for equal times, those of the earlier file first. May be called
   * repeatedly and concurrently.
   *
   * @throws EffvitError NOT_FOUND: a named topic is not in the bag
   */
  messages(options: BagReadOptions = {}): AsyncGenerator<RawBagMessage, void, undefined> {
    const names = options.topics?.map((name) => this.topic(name).name);
    return this.#merged(options, names);
  }

  /**
   * Images of all cameras in log-time order; those of a video follow some packets later.
   *
   * @throws EffvitError NOT_FOUND: a named topic is not in the bag, or the bag has no images; BAD_ARGUMENT:
   *   a named topic has no images. Each lists the image topics.
   */
  imageFrames(options: BagReadOptions = {}): AsyncGenerator<BagImage | BagMessageProblem, void, undefined> {
    return this.#images<never>(this.#merged(options, this.#imageNames(options)), () => undefined);
  }

  /**
   * As {@link imageFrames}, with the messages of these detectors.
   *
   * @throws EffvitError as {@link imageFrames}; NOT_FOUND, BAD_ARGUMENT for a topic without detections.
   */
  imagesAndDetections(
    options: BagReadOptions,
    detectors: readonly string[],
  ): AsyncGenerator<BagImage | BagMessageProblem | BagDetections, void, undefined> {
    const topics = new Set(detectors.map((name) => this.detectionTopic(name).name));
    const names = [...this.#imageNames(options), ...topics];
    return this.#images(this.#merged(options, names), ({ topic, logTimeNs, data }) =>
      topics.has(topic) ? { kind: 'detections', topic, logTimeNs, data } : undefined,
    );
  }

  /** @param kind of topics, by `isOfKind`, that are listed if there is none of this name. */
  #topic(name: string, kind: string, isOfKind: (topic: BagTopic) => boolean): BagTopic {
    const topic = this.#topics.get(name) ?? this.#topics.get(`/${name}`) ?? this.#topics.get(name.slice(1));
    if (topic !== undefined) return topic;
    throw fileError('NOT_FOUND', this.path, `has no topic ${name}; ${this.#topicList(kind, isOfKind)}`);
  }

  #imageNames(options: BagReadOptions): string[] {
    return (options.topics ?? this.#allImageTopics()).map((name) => {
      const topic = this.topic(name);
      if (!hasImages(topic)) {
        throw new EffvitError(
          'BAD_ARGUMENT',
          `Topic ${topic.name} of ${this.path} has ${topic.type || 'unnamed'} messages (${topic.encoding}), ${conversionHint(topic) ?? 'no images'}; ${this.#topicList('image', hasImages)}.`,
          { context: { topic: topic.name, file: this.path } },
        );
      }
      return topic.name;
    });
  }

  /** Closes the files and removes temporary ones; idempotent. */
  async close(): Promise<void> {
    for (const file of this.#files) await file.close();
  }

  #merged(
    { startNs, endNs }: BagReadOptions,
    names: readonly string[] | undefined,
  ): AsyncGenerator<RawBagMessage, void, undefined> {
    const topics = names && new Set(names);
    const filter = defined({ topics, startNs, endNs });
    return mergeByLogTime(
      this.#files
        .filter((file) => topics === undefined || file.topics.some(({ name }) => topics.has(name)))
        .map((file) => ({
          startNs: file.startNs,
          open: () => decompressedMessages(file.messages(filter), file.path, this.#warnings),
        })),
    );
  }

  /** @param other what a message is that is no image; undefined for an image. */
  async *#images<Other>(
    messages: AsyncGenerator<RawBagMessage, void, undefined>,
    other: (message: RawBagMessage) => Other | undefined,
  ): AsyncGenerator<BagImage | BagMessageProblem | Other, void, undefined> {
    const videos = new Map<string, BagVideo>();
    try {
      for await (const message of messages) {
        const { topic, logTimeNs, data } = message;
        const found = other(message);
        if (found !== undefined) {
          yield found;
          continue;
        }
        // Chosen per message: one topic may have channels of several encodings.
        const parse = imageParserFor(message);
        const parsePacket = videoParserFor(message);
        let results: readonly (BagImage | BagMessageProblem)[];
        try {
          if (parsePacket !== undefined) {
            const packet = parsePacket(data, topic);
            let video = videos.get(topic);
            if (video === undefined) {
              video = new BagVideo(topic);
              videos.set(topic, video);
            }
            results = await video.add(packet, logTimeNs);
          } else if (parse !== undefined) {
            results = [{ kind: 'image', frame: parse(data, topic), logTimeNs }];
          } else {
            const what = `${message.type || 'unnamed'} messages (${message.encoding})`;
            throw new EffvitError('BAD_IMAGE', `${topic} has ${what} among its images.`, {
              context: { topic },
            });
          }
        } catch (error) {
          if (!(error instanceof EffvitError)) throw error;
          results = [{ kind: 'problem', topic, logTimeNs, error }];
        }
        yield* results;
      }
      for (const video of videos.values()) yield* await video.end();
    } finally {
      for (const video of videos.values()) video.close();
    }
  }

  #allImageTopics(): readonly string[] {
    const names = this.imageTopics().map(({ name }) => name);
    if (names.length > 0) return names;
    const others = this.topics().map((topic) => {
      const hint = conversionHint(topic);
      return `${topic.name} (${topic.type || 'unnamed type'}${hint === undefined ? '' : `, ${hint}`})`;
    });
    throw new EffvitError(
      'NOT_FOUND',
      others.length === 0
        ? `${this.path} has no topics, so no images.`
        : `${this.path} has no image topics (sensor_msgs Image or CompressedImage, foxglove RawImage, CompressedImage or CompressedVideo); it has ${others.join(', ')}.`,
      { context: { file: this.path } },
    );
  }

  #topicList(kind: string, isOfKind: (topic: BagTopic) => boolean): string {
    const names = this.topics()
      .filter(isOfKind)
      .map(({ name }) => name);
    return names.length === 0 ? `it has no ${kind} topics` : `its ${kind} topics are ${names.join(', ')}`;
  }
}

function isDetector({ type, encoding }: BagTopic): boolean {
  return plainType(type) === plainType(DETECTIONS_TYPE) && encoding === 'cdr';
}

function sorted(times: readonly (bigint | undefined)[]): bigint[] {
  return times.filter((time) => time !== undefined).sort((a, b) => (a < b ? -1 : 1));
}
