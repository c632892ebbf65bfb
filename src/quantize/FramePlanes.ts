import { compileKernel } from '../image/compileKernel.js';
import { decodePicture } from '../image/decodePicture.js';
import { FrameSlot } from '../image/FrameSlot.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import { Nv12Converter } from '../image/Nv12Converter.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import type { PictureNote } from '../image/pictureNotes.js';
import { planFrame } from '../image/planFrame.js';
import { InputTensor } from '../inference/onnx/InputTensor.js';

/** One picture as the network was trained to see it, before normalisation. */
export interface PicturePlanes {
  /** Where it comes from: a file, or a topic and a time. */
  readonly source: string;
  /** Row-major planes R, G, B, one after the other, values 0 to 255. */
  readonly planes: Float32Array;
  /** What they were made of, if that is known: the bytes that a BPU takes. */
  readonly nv12?: Uint8Array;
  /** What its decoder noted, if it was compressed. */
  readonly notes?: readonly PictureNote[];
}

/** A picture whose class is known. */
export interface LabelledPlanes extends PicturePlanes {
  /** Index of the class in the model's output; undefined if it is not known. */
  readonly label?: number;
}

/**
 * Converts frames to the colour planes (0..255) that the network gets at run time: resized and cropped in the same way,
 * by way of NV12.
 */
export class FramePlanes {
  readonly #preprocess: PreprocessOptions;
  readonly #slot = new FrameSlot();
  readonly #converter: Nv12Converter;
  readonly #color: 'rgb' | 'bgr';

  /** @param color the order of the planes, as the network was trained. @throws EffvitError UNSUPPORTED */
  constructor(preprocess: PreprocessOptions, color: 'rgb' | 'bgr' = 'rgb') {
    this.#preprocess = preprocess;
    this.#color = color;
    this.#converter = new Nv12Converter(this.#slot.memory, compileKernel('nv12'));
  }

  get valuesPerPicture(): number {
    return 3 * this.#preprocess.widthPx * this.#preprocess.heightPx;
  }

  /** @throws EffvitError BAD_IMAGE */
  async planesOf(frame: ImageFrame): Promise<PicturePlanes> {
    const { frame: raw, notes } = frame.kind === 'raw' ? { frame, notes: [] } : await decodePicture(frame);
    const plan = planFrame(raw, this.#preprocess);
    this.#slot.copyFrom(raw.data, plan);
    const nv12 = this.#converter.convert(plan.program);
    const { widthPx, heightPx, range } = this.#preprocess;
    const tensor = new InputTensor({
      input: {
        widthPx,
        heightPx,
        layout: 'nchw',
        color: this.#color,
        mean: [0, 0, 0],
        scale: [1, 1, 1],
      },
      yuvRange: range,
    });
    tensor.fill(nv12);
    return {
      source: frame.source,
      planes: Float32Array.from(tensor.data),
      nv12: Uint8Array.from(nv12),
      notes,
    };
  }
}

/** Pictures of even noise in 0..255, the same on every machine, to calibrate on where only speed counts. */
export async function* noisePictures(valueCount: number, count = 4): AsyncGenerator<PicturePlanes> {
  let state = 0x9e3779b9;
  for (let picture = 0; picture < count; picture++) {
    const planes = new Float32Array(valueCount);
    for (let index = 0; index < valueCount; index++) {
      // Marsaglia, Xorshift RNGs, Journal of Statistical Software 8 (2003): shifts 13, 17, 5.
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      planes[index] = (state >>> 0) % 256;
    }
    yield { source: `noise ${picture}`, planes };
  }
}
