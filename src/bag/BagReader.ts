import { detectionTopics } from '../classify/detectionTopics.js';
import { EffvitError, fileError } from '../core/EffvitError.js';
import { DETECTIONS_TYPE } from '../messages/detectionsMessage.js';
import {
  type BagDetections,
  type BagFile,
  type BagImage,
  type BagMessageFilter,
  type BagMessageProblem,
  type BagMessages,
  type BagTopic,
  mergedTopics,
  type RawBagMessage,
  timeSpan,
} from './BagFile.js';
import { BagVideo } from './BagVideo.js';
import type { BagWarnings } from './BagWarnings.js';
import { decompressedMessages } from './compression/decompress.js';
import { conversionHint, hasImages, imageParserFor, plainType, videoParserFor } from './imageParserFor.js';
import { mergeByLogTime } from './mergeByLogTime.js';

/** Selects messages of a bag; an absent field does not restrict them. */
export interface BagReadOptions extends Pick<BagMessageFilter, 'startNs' | 'endNs'> {
  /** Topic names, with or without the leading slash. */
  readonly topics?: readonly string[] | undefined;
}

/** What a topic is asked for, and whether it has that. */
const KINDS = { image: hasImages, detection: isDetector };

/** The options that name topics, for errors. */
const OPTIONS = { images: '--topic', detections: '--detections-topics' };

/** A recording: a rosbag2 folder or one storage file of it. Made by `openBag`. */
export class BagReader {
  /** As it was opened. */
  readonly path: string;
  /** Log times of the first and last message, if the bag states them; nanoseconds since the epoch. */
  readonly startNs: bigint | undefined;
  readonly endNs: bigint | undefined;
  readonly #files: readonly BagFile[];
  readonly #warnings: BagWarnings;
  readonly #topics: ReadonlyMap<string, BagTopic>;

  constructor(path: string, files: readonly BagFile[], warnings: BagWarnings) {
    this.path = path;
    this.#files = files;
    this.#warnings = warnings;
    ({ startNs: this.startNs, endNs: this.endNs } = timeSpan(files));
    const topics = mergedTopics(files.flatMap((file) => file.topics));
    this.#topics = new Map(topics.map((topic) => [topic.name, topic]));
  }

  /** What is missing from the bag, one sentence each. Reading the bag can add warnings, so check again afterwards. */
  get warnings(): readonly string[] {
    return this.#warnings.list();
  }

  /** All topics, ordered by name. */
  topics(): readonly BagTopic[] {
    return [...this.#topics.values()];
  }

  /** The topics with images in a supported format. */
  imageTopics(): readonly BagTopic[] {
    return this.topics().filter(hasImages);
  }

  /** A topic by its name, with or without the leading slash. @throws EffvitError NOT_FOUND */
  topic(name: string): BagTopic {
    return this.#topic(name, 'image');
  }

  /**
   * Messages in log-time order across all files; for equal times, those of the earlier file first. May be called
   * repeatedly and concurrently.
   *
   * @throws EffvitError NOT_FOUND: a named topic is not in the bag
   */
  messages(options: BagReadOptions = {}): BagMessages {
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
    return this.#images<never>(this.#merged(options, this.#imageNames(options.topics)), () => undefined);
  }

  /**
   * What a replay takes: the cameras, the topic of the detector of each camera that has one, and the images, as
   * {@link imageFrames}, with the messages of these detectors.
   *
   * @param topics of the cameras; undefined: all image topics.
   * @param detectors Their topics, one for all cameras or one for each; undefined: whole frames are classified.
   * @throws EffvitError as {@link imageFrames}; BAD_CONFIG; NOT_FOUND, BAD_ARGUMENT for a topic without detections
   */
  camerasAndDetectors(topics: readonly string[] | undefined, detectors: readonly string[] | undefined) {
    const cameras = (topics ?? this.imageTopics().map(({ name }) => name)).map(
      (name) => this.topic(name).name,
    );
    const detectorOf = new Map<string, string>();
    if (detectors !== undefined) {
      const lists = { image_topics: cameras, detections_topics: detectors };
      for (const [index, detector] of detectionTopics(lists, OPTIONS).entries()) {
        if (detector !== undefined) detectorOf.set(cameras[index] ?? '', this.#detectionTopic(detector));
      }
    }
    const detecting = new Set(detectorOf.values());
    const messages = this.#merged({}, [...this.#imageNames(topics && cameras), ...detecting]);
    const images = this.#images<BagDetections>(messages, ({ topic, logTimeNs, data }) =>
      detecting.has(topic) ? { kind: 'detections', topic, logTimeNs, data } : undefined,
    );
    return { cameras, detectorOf, images };
  }

  /** Closes the files and removes temporary ones; idempotent. */
  async close(): Promise<void> {
    for (const file of this.#files) await file.close();
  }

  #merged({ startNs, endNs }: BagReadOptions, names: readonly string[] | undefined): BagMessages {
    const topics = names && new Set(names);
    return mergeByLogTime(
      this.#files
        .filter((file) => topics === undefined || file.topics.some(({ name }) => topics.has(name)))
        .map((file) => ({
          startNs: file.startNs,
          open: () =>
            decompressedMessages(file.messages({ topics, startNs, endNs }), file.path, this.#warnings),
        })),
    );
  }

  /** @param other what a message is that is no image; undefined for an image. */
  async *#images<Other>(
    messages: BagMessages,
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

  #imageNames(names: readonly string[] = this.#allImageTopics()): string[] {
    return names.map((name) => {
      const topic = this.topic(name);
      return this.#nameOf(topic, 'image', conversionHint(topic) ?? 'no images');
    });
  }

  #detectionTopic(name: string): string {
    return this.#nameOf(this.#topic(name, 'detection'), 'detection', `not ${DETECTIONS_TYPE} (cdr)`);
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

  /** @param kind of the topics that are listed if there is none of this name. */
  #topic(name: string, kind: keyof typeof KINDS): BagTopic {
    const topic = this.#topics.get(name) ?? this.#topics.get(`/${name}`) ?? this.#topics.get(name.slice(1));
    if (topic !== undefined) return topic;
    throw fileError('NOT_FOUND', this.path, `has no topic ${name}; ${this.#topicList(kind)}`);
  }

  /** @param otherwise what is wrong with its messages if they are not of this kind. */
  #nameOf(topic: BagTopic, kind: keyof typeof KINDS, otherwise: string): string {
    if (KINDS[kind](topic)) return topic.name;
    throw new EffvitError(
      'BAD_ARGUMENT',
      `Topic ${topic.name} of ${this.path} has ${topic.type || 'unnamed'} messages (${topic.encoding}), ${otherwise}; ${this.#topicList(kind)}.`,
      { context: { topic: topic.name, file: this.path } },
    );
  }

  #topicList(kind: keyof typeof KINDS): string {
    const names = this.topics()
      .filter(KINDS[kind])
      .map(({ name }) => name);
    return names.length === 0 ? `it has no ${kind} topics` : `its ${kind} topics are ${names.join(', ')}`;
  }
}

function isDetector({ type, encoding }: BagTopic): boolean {
  return plainType(type) === plainType(DETECTIONS_TYPE) && encoding === 'cdr';
}
