import koffi from 'koffi';
import { EffvitError } from '../../core/EffvitError.js';
import type { RclMessageClass } from '../rcl/rcl.js';
import { ImageSample } from './ImageSample.js';
import { NativeMemory } from './NativeMemory.js';
import type { ReceivedImage } from './ReceivedImage.js';

/** With the functions of `sensor_msgs__msg__Image`; every program that takes such messages has loaded it. */
const LIBRARY = 'libsensor_msgs__rosidl_generator_c.so';

/** Structures that wait for the next message with the memory of the last: one is filled while one is read. */
const KEPT_SAMPLES = 2;

/** Frees what a structure holds. */
type Finalize = (struct: Uint8Array) => void;

/** @throws EffvitError ROS_UNAVAILABLE */
function loadFinalize(): Finalize {
  try {
    return koffi.load(LIBRARY).func('void sensor_msgs__msg__Image__fini(void *message)') as Finalize;
  } catch (error) {
    throw new EffvitError(
      'ROS_UNAVAILABLE',
      `${LIBRARY} does not load (${error instanceof Error ? error.message : String(error)}): source setup.bash of your ROS distribution anew.`,
      { cause: error },
    );
  }
}

/**
 * The structures that image messages are taken into, in use again and again. rclnodejs offers a message as CDR,
 * which the middleware and rclnodejs copy three times, each time to fresh memory, or as a JavaScript object, which
 * converts the pixels. Taken into the C structure of its type it is copied once, and nothing is converted.
 */
export class ImageSamples {
  readonly #finalize: Finalize;
  readonly #memory = new NativeMemory();
  readonly #idle: ImageSample[] = [];
  /** By source: what is being filled; a take that finds nothing leaves it to the next one. */
  readonly #filling = new Map<string, ImageSample | undefined>();
  #isClosed = false;

  /** @throws EffvitError ROS_UNAVAILABLE */
  constructor(finalize: Finalize = loadFinalize()) {
    this.#finalize = finalize;
  }

  /**
   * A message class for {@link RclNode.createSubscription}, as rclnodejs 2 generates them, whose instances come to
   * the subscription's callback as {@link ReceivedImage}s.
   *
   * @param source what the frames' `source` becomes: the topic's name.
   */
  messageClass(source: string): RclMessageClass {
    const fill = (): Buffer => this.#fill(source).struct;
    const take = (): ReceivedImage => this.#take(source);
    return class {
      static type() {
        return { pkgName: 'sensor_msgs', subFolder: 'msg', interfaceName: 'Image' };
      }
      /** The structure lives on: the frame is read in it. */
      static destroyRawROS(): void {}
      /** What the message is taken into. */
      toRawROS(): Buffer {
        return fill();
      }
      /** Asked for between `toRawROS` and `deserialize` of another instance. */
      readonly refObject = undefined;
      deserialize(): void {}
      toPlainObject(): ReceivedImage {
        return take();
      }
    };
  }

  /** Frees what is idle; what is in use is freed when it is released. */
  close(): void {
    this.#isClosed = true;
    for (const sample of [...this.#idle, ...this.#filling.values()]) {
      if (sample !== undefined) this.#finalize(sample.struct);
    }
    this.#idle.length = 0;
    this.#filling.clear();
  }

  #fill(source: string): ImageSample {
    const sample = this.#filling.get(source) ?? this.#idle.pop() ?? new ImageSample(this.#memory);
    this.#filling.set(source, sample);
    return sample;
  }

  #take(source: string): ReceivedImage {
    const sample = this.#fill(source);
    // Not deleted: see SourceLines.
    this.#filling.set(source, undefined);
    return { frame: sample.frame(source), release: () => this.#putBack(sample) };
  }

  #putBack(sample: ImageSample): void {
    if (this.#isClosed || this.#idle.length >= KEPT_SAMPLES) this.#finalize(sample.struct);
    else this.#idle.push(sample);
  }
}
