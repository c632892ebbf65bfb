import { compress, isLoaded } from '@foxglove/wasm-zstd';
import { type McapTypes, McapWriter } from '@mcap/core';
import { EffvitError, fileError } from '../../core/EffvitError.js';
import { MessageEncoder } from '../../messages/definitions/MessageEncoder.js';
import { messageDefinition } from '../../messages/definitions/messageDefinition.js';
import { bagMetadata, toYaml, type WrittenTopic } from '../BagMetadata.js';
import { offeredQosProfiles, type QosName } from '../qosProfiles.js';
import { BagTarget, type WrittenFile } from './BagTarget.js';

/** zstd's fastest regular level: results are small, and images hardly shrink. */
const ZSTD_LEVEL = 1;

/** rosbag2 keeps times as int64. */
const LATEST_TIME_NS = 2n ** 63n - 1n;

export interface McapBagWriterOptions {
  /** Compression of the chunks. Default zstd. */
  readonly compression?: 'zstd' | 'none';
  /** A chunk is closed when its messages reach this size. Default 768 KiB, as rosbag2's. */
  readonly chunkBytes?: number;
  /** Library in the file's header. Default `effvit`. */
  readonly library?: string;
  /** Makes the file; for tests, which simulate a full disk. */
  readonly openFile?: (path: string) => Promise<WrittenFile>;
}

/** A topic to be written. */
export interface McapBagTopic {
  readonly name: string;
  /** E.g. `vision_msgs/msg/Classification`. */
  readonly type: string;
  /** QoS for `ros2 bag play`: a named profile, or recorded YAML. Default `reliable`. */
  readonly qos?: QosName | { readonly yaml: string };
}

export interface MessageTimes {
  readonly logTimeNs: bigint;
  /** Default: the log time. */
  readonly publishTimeNs?: bigint;
  readonly sequence?: number;
}

interface OpenTopic extends WrittenTopic {
  encoder?: MessageEncoder;
}

/**
 * Writes a recording that `ros2 bag`, Foxglove and `openBag` read: MCAP of profile `ros2`, CDR messages,
 * every schema embedded in full, chunks with checksums and index.
 *
 * The recording gets its final name when {@link close} has succeeded. A failed write (a full disk) removes the
 * recording, and every later call throws the same error. Calls may overlap; they run in their order.
 */
export class McapBagWriter {
  readonly #target: BagTarget;
  readonly #writer: McapWriter;
  readonly #schemaIds = new Map<string, number>();
  readonly #topics = new Map<string, OpenTopic>();
  /** The last call in the queue. */
  #last: Promise<unknown> = Promise.resolve();
  #failure: EffvitError | undefined;
  #state: 'open' | 'closed' | 'aborted' = 'open';

  private constructor(target: BagTarget, writer: McapWriter) {
    this.#target = target;
    this.#writer = writer;
  }

  /**
   * @param path Ends in `.mcap` for a single file (an existing one is replaced at the end); anything else becomes a
   *   rosbag2 folder, which must not exist yet.
   * @throws EffvitError BAD_ARGUMENT, UNSUPPORTED, IO_FAILED; nothing is left behind
   */
  static async create(path: string, options: McapBagWriterOptions = {}): Promise<McapBagWriter> {
    const { compression = 'zstd', chunkBytes = 768 * 1024, library = 'effvit', openFile } = options;
    await isLoaded;
    const target = await BagTarget.create(path, openFile);
    const writer = new McapWriter({
      writable: target,
      chunkSize: chunkBytes,
      compressChunk: (chunk) =>
        compression === 'none'
          ? { compression: '', compressedData: chunk }
          : { compression, compressedData: compress(chunk, ZSTD_LEVEL) },
    });
    try {
      await writer.start({ profile: 'ros2', library });
    } catch (error) {
      await target.remove();
      throw target.asError(error);
    }
    return new McapBagWriter(target, writer);
  }

  /** Final path of the recording, absolute. */
  get path(): string {
    return this.#target.path;
  }

  /**
   * Declares a topic; repeating it with the same type has no effect.
   *
   * @throws EffvitError NOT_FOUND: no definition of the type; BAD_ARGUMENT: the name has another type; IO_FAILED; CLOSED
   */
  async addTopic(topic: McapBagTopic): Promise<void> {
    await this.#inTurn(async () => {
      const known = this.#topics.get(topic.name);
      if (known !== undefined) {
        if (known.type === topic.type) return;
        throw new EffvitError(
          'BAD_ARGUMENT',
          `${topic.name} has ${known.type} messages, not ${topic.type}.`,
          { context: { topic: topic.name } },
        );
      }
      const { name, type, qos = 'reliable' } = topic;
      const definition = messageDefinition(type);
      const yaml = typeof qos === 'string' ? offeredQosProfiles(qos) : qos.yaml;
      const schemaId =
        this.#schemaIds.get(type) ??
        (await this.#writer.registerSchema({
          name: type,
          encoding: 'ros2msg',
          data: new TextEncoder().encode(definition),
        }));
      this.#schemaIds.set(type, schemaId);
      const channelId = await this.#writer.registerChannel({
        schemaId,
        topic: name,
        messageEncoding: 'cdr',
        metadata: new Map([['offered_qos_profiles', yaml]]),
      });
      this.#topics.set(name, { name, type, qos: yaml, channelId });
    });
  }

  /**
   * Serialises and writes a message of a topic that was added.
   *
   * @param message Fields by their ROS names, see {@link MessageEncoder.encode}.
   * @throws EffvitError BAD_ARGUMENT: unknown topic, or the message is not of its type; IO_FAILED; CLOSED
   */
  async write(topicName: string, message: object, times: MessageTimes): Promise<void> {
    await this.#inTurn(async () => {
      const topic = this.#topic(topicName);
      topic.encoder ??= new MessageEncoder(topic.type);
      await this.#append(topic, topic.encoder.encode(message), times);
    });
  }

  /**
   * Writes a serialised message (CDR with its encapsulation header). `data` must not change until the promise resolves.
   *
   * @throws EffvitError BAD_ARGUMENT: unknown topic; IO_FAILED; CLOSED
   */
  async writeRaw(topicName: string, data: Uint8Array, times: MessageTimes): Promise<void> {
    await this.#inTurn(async () => await this.#append(this.#topic(topicName), data, times));
  }

  /**
   * Writes the index and gives the recording its final name; idempotent. @throws EffvitError IO_FAILED, BAD_ARGUMENT
   */
  async close(): Promise<void> {
    if (this.#state === 'closed') {
      await this.#last;
      if (this.#failure !== undefined) throw this.#failure;
      return;
    }
    await this.#inTurn(async () => {
      const metadata = bagMetadata(this.#target.fileName, this.#topics.values(), this.#statistics);
      await this.#writer.addMetadata({
        name: 'rosbag2',
        metadata: new Map([['serialized_metadata', toYaml(metadata)]]),
      });
      await this.#writer.end();
      await this.#target.finish(toYaml({ rosbag2_bagfile_information: metadata }));
    }, 'closed');
  }

  /** Removes the recording unless it is closed; idempotent, never throws. */
  async abort(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'aborted';
    await this.#last;
    await this.#target.remove();
  }

  /** The writer keeps them unless it is told otherwise. */
  get #statistics(): McapTypes.Statistics {
    return this.#writer.statistics as McapTypes.Statistics;
  }

  async #append(topic: OpenTopic, data: Uint8Array, times: MessageTimes): Promise<void> {
    const { logTimeNs, publishTimeNs = logTimeNs } = times;
    const { sequence = Number(this.#statistics.channelMessageCounts.get(topic.channelId) ?? 0n) } = times;
    for (const timeNs of [logTimeNs, publishTimeNs]) {
      if (timeNs < 0n || timeNs > LATEST_TIME_NS) {
        throw new EffvitError('BAD_ARGUMENT', `A message at ${timeNs} ns is outside of what a bag can hold.`);
      }
    }
    await this.#writer.addMessage({
      channelId: topic.channelId,
      sequence: sequence >>> 0,
      logTime: logTimeNs,
      publishTime: publishTimeNs,
      data,
    });
  }

  #topic(name: string): OpenTopic {
    const topic = this.#topics.get(name);
    if (topic === undefined)
      throw new EffvitError('BAD_ARGUMENT', `Topic ${name} was not added to ${this.path}.`, {
        context: { file: this.path },
      });
    return topic;
  }

  /** Serialises the calls, because McapWriter accepts one at a time. After a failed write the whole file is removed. */
  async #inTurn(step: () => Promise<void>, nextState: 'open' | 'closed' = 'open'): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#state !== 'open') throw fileError('CLOSED', this.path, 'is not written any more');
    this.#state = nextState;
    const turn = this.#last.then(async () => {
      if (this.#failure !== undefined) throw this.#failure;
      try {
        await step();
      } catch (error) {
        const isWrongUse = error instanceof EffvitError && error.code !== 'IO_FAILED';
        // A rejected message leaves the file unchanged.
        if (isWrongUse && nextState === 'open') throw error;
        this.#failure = this.#target.asError(error);
        await this.#target.remove();
        throw this.#failure;
      }
    });
    this.#last = turn.catch(() => undefined);
    await turn;
  }
}
