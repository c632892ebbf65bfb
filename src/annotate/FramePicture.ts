import { FrameSlot } from '../image/FrameSlot.js';
import type { ImageFrame } from '../image/ImageFrame.js';
import { Nv12Converter } from '../image/Nv12Converter.js';
import { nv12ToRgb } from '../image/nv12ToRgb.js';
import { preprocessOptions } from '../image/PreprocessOptions.js';
import { planFrame } from '../image/planFrame.js';
import { nv12Kernel } from '../pool/nv12Kernel.js';
import type { RgbPicture } from './annotatePicture.js';

const MIN_SIDE_PX = 16;

/** Converts frames of every encoding to a picture for people, with the kernel that also makes the network's input. */
export class FramePicture {
  readonly #slot = new FrameSlot();
  readonly #converter = new Nv12Converter(this.#slot.memory, nv12Kernel());

  /**
   * A compressed frame is returned unchanged. A raw one is resized to fit the box with its aspect ratio, on the calling
   * thread: a few milliseconds for a box of 640 x 480.
   *
   * @throws EffvitError BAD_IMAGE
   */
  of(frame: ImageFrame, maxWidthPx: number, maxHeightPx: number): Uint8Array | RgbPicture {
    if (frame.kind === 'compressed') return frame.data;
    const factor = Math.min(1, maxWidthPx / frame.widthPx, maxHeightPx / frame.heightPx);
    const even = (sidePx: number): number => Math.max(MIN_SIDE_PX, 2 * Math.round((sidePx * factor) / 2));
    const widthPx = even(frame.widthPx);
    const heightPx = even(frame.heightPx);
    const plan = planFrame(
      frame,
      preprocessOptions({ widthPx, heightPx, resizeMode: 'stretch', filter: 'bilinear' }),
    );
    this.#slot.copyFrom(frame.data, plan);
    const nv12 = this.#converter.convert(plan.program);
    return { rgb: nv12ToRgb(nv12, widthPx, heightPx, 'full'), widthPx, heightPx };
  }
}
