import { compileKernel } from '../image/compileKernel.js';
import { decodePicture } from '../image/decodePicture.js';
import { FrameSlot } from '../image/FrameSlot.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import { Nv12Converter } from '../image/Nv12Converter.js';
import type { PreprocessOptions } from '../image/PreprocessOptions.js';
import { planFrame } from '../image/planFrame.js';
import { InputTensor } from '../inference/onnx/InputTensor.js';
import type { PicturePlanes } from './PicturePlanes.js';

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

  /** Frame by frame; a frame that cannot be read ends the stream with its error. */
  async *stream(frames: AsyncIterable<ImageFrame> | Iterable<ImageFrame>): AsyncGenerator<PicturePlanes> {
    for await (const frame of frames) yield await this.planesOf(frame);
  }
}
