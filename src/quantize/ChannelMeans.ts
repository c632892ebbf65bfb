import type { FloatValue } from './OrtRunner.js';
import type { InputMeans } from './weightBias.js';

/** Mean of each channel of a value over all positions and pictures. */
export class ChannelMeans {
  readonly #axis: number;
  #sums = new Float64Array();
  #count = 0;
  #dims: readonly number[] = [];

  /** @param axis of the channels; negative from the end */
  constructor(axis: number) {
    this.#axis = axis;
  }

  add({ dims, data }: FloatValue): void {
    const axis = this.#axis < 0 ? dims.length + this.#axis : this.#axis;
    const channels = dims[axis] ?? 1;
    const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
    if (this.#sums.length === 0) this.#sums = new Float64Array(channels);
    this.#dims = dims;
    const sums = this.#sums;
    for (let start = 0; start < data.length; start += inner) {
      const channel = (start / inner) % channels;
      let sum = 0;
      for (let index = start; index < start + inner; index++) sum += data[index] ?? 0;
      sums[channel] = (sums[channel] ?? 0) + sum;
    }
    this.#count += data.length / channels;
  }

  /** The means of what was added until now. */
  result(): InputMeans {
    return { means: this.#sums.map((sum) => sum / Math.max(1, this.#count)), dims: this.#dims };
  }
}
