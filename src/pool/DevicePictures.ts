import { EffvitError } from '../core/EffvitError.js';
import type { ChipPlan } from '../image/chipPlan.js';
import type { DevicePicture, PictureResizer, SharedBytes } from '../inference/PictureResizer.js';

/** A frame that the device crops and scales. */
export interface ChipFrame {
  readonly slot: number;
  readonly plan: Pick<ChipPlan, 'shape' | 'region' | 'lengthBytes'>;
  /** Its rows, if they are not in the device's memory yet. */
  readonly staged?: Uint8Array | undefined;
}

/**
 * The worker's pictures in the device's memory, one per slot. The first frame of a size is copied from the slot's own
 * memory; the main thread copies later frames directly into the device's memory.
 */
export class DevicePictures {
  readonly #resizer: PictureResizer;
  readonly #pictures: (DevicePicture | undefined)[] = [];
  readonly #tell: (slot: number, shared: SharedBytes) => void;

  /** @param tell reports the device memory of a slot to the main thread. */
  constructor(resizer: PictureResizer, tell: (slot: number, shared: SharedBytes) => void) {
    this.#resizer = resizer;
    this.#tell = tell;
  }

  /** Puts the frame's region into a place of the next task. @throws EffvitError BAD_IMAGE, BPU_FAILED */
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
