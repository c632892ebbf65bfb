import { EffvitError } from '../core/EffvitError.js';
import type { ChipPlan } from '../image/chipPlan.js';
import type { DevicePicture, PictureResizer, SharedBytes } from '../inference/PictureResizer.js';

/** A frame that the device cuts and scales. */
export interface ChipFrame {
  readonly slot: number;
  readonly plan: Pick<ChipPlan, 'shape' | 'region' | 'lengthBytes'>;
  /** Its rows, where they are not in the device's memory yet. */
  readonly staged?: Uint8Array;
}

/**
 * The worker's pictures in the device's memory, one a slot. The first frame of a size comes through the slot's own memory and
 * is copied on from there; the main thread copies those that follow to where the device reads them.
 */
export class DevicePictures {
  readonly #resizer: PictureResizer;
  readonly #pictures: (DevicePicture | undefined)[] = [];
  readonly #tell: (slot: number, shared: SharedBytes) => void;

  /** @param tell the main thread of the memory of a slot. */
  constructor(resizer: PictureResizer, tell: (slot: number, shared: SharedBytes) => void) {
    this.#resizer = resizer;
    this.#tell = tell;
  }

  /** The frame's region takes a place in the coming task. @throws EffvitError BAD_IMAGE, BPU_FAILED */
  place(place: number, { slot, plan, staged }: ChipFrame): void {
    if (staged !== undefined) this.#adopt(slot, staged);
    const picture = this.#pictures[slot];
    if (picture === undefined) {
      throw new EffvitError(
        'INTERNAL',
        `Slot ${slot} has no memory of the device; this is a defect of effvit.`,
      );
    }
    this.#resizer.place(place, picture, plan.shape, plan.region);
  }

  #adopt(slot: number, staged: Uint8Array): void {
    let picture = this.#pictures[slot];
    if (picture === undefined || picture.bytes.length < staged.length) {
      this.#pictures[slot] = undefined;
      if (picture !== undefined) this.#resizer.release(picture);
      picture = this.#resizer.allocate(staged.length);
      this.#pictures[slot] = picture;
      this.#tell(slot, picture.shared);
    }
    picture.bytes.set(staged);
  }
}
