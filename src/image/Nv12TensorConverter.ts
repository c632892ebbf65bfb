import { realYuvWeights, YUV_TO_RGB } from './bt601.js';
import { compileKernel } from './compileKernel.js';
import { checkNv12Length, evened, nv12Bytes, type TensorOptions } from './TensorOptions.js';

const PAGE_BYTES = 65536;
/** Addresses of the kernel's parameters, below its own variables. */
const Y_WEIGHT_ADDRESS = 64;
const CHANNELS_ADDRESS = 68;
const NORMALISATION_ADDRESS = 104;
const SOURCE_ADDRESS = PAGE_BYTES;

type Kernel = (source: number, target: number, widthPx: number, heightPx: number) => void;

let compiled: WebAssembly.Module | undefined;

/**
 * NV12 to the float32 tensor of a model that takes RGB or BGR. Chroma is taken from the nearest sample, channels are
 * clamped to 0..255 and, unlike those that {@link nv12ToRgb} shows, not rounded before they are normalised.
 *
 * Its memory is not shared, so that inference runtimes accept the tensor without a copy.
 */
export class Nv12TensorConverter {
  readonly #options: TensorOptions;
  readonly #kernel: Kernel;
  readonly #source: Uint8Array;
  readonly #targetAddress: number;
  /** The kernel's output; for an odd size it includes the column or row that the tensor leaves out. */
  readonly #even: Float32Array;
  /** 3 * height * width values; reused by every call of {@link convert}. */
  readonly tensor: Float32Array;

  /** @throws EffvitError UNSUPPORTED if the processor lacks the vector instructions. */
  constructor(options: TensorOptions) {
    compiled ??= compileKernel('nv12Tensor');
    const { widthPx, heightPx } = options;
    const sourceBytes = nv12Bytes(widthPx, heightPx);
    const evenPixels = evened(widthPx) * evened(heightPx);
    this.#options = options;
    this.#targetAddress = SOURCE_ADDRESS + Math.ceil(sourceBytes / 64) * 64;
    const neededBytes = this.#targetAddress + 12 * evenPixels;
    const memory = new WebAssembly.Memory({ initial: Math.ceil(neededBytes / PAGE_BYTES) });
    const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
    this.#kernel = exports[options.layout === 'nchw' ? 'toPlanar' : 'toInterleaved'] as Kernel;
    writeParameters(new DataView(memory.buffer), options);
    this.#source = new Uint8Array(memory.buffer, SOURCE_ADDRESS, sourceBytes);
    this.#even = new Float32Array(memory.buffer, this.#targetAddress, 3 * evenPixels);
    const isEven = evenPixels === widthPx * heightPx;
    this.tensor = isEven ? this.#even : new Float32Array(3 * widthPx * heightPx);
  }

  /**
   * Fills {@link tensor} from one frame and returns it: valid until the next call.
   *
   * @throws EffvitError INTERNAL if `nv12` does not have the converter's size.
   */
  convert(nv12: Uint8Array): Float32Array {
    const { widthPx, heightPx } = this.#options;
    checkNv12Length(nv12, widthPx, heightPx);
    this.#source.set(nv12);
    this.#kernel(SOURCE_ADDRESS, this.#targetAddress, evened(widthPx), evened(heightPx));
    if (this.tensor !== this.#even) this.#crop();
    return this.tensor;
  }

  #crop(): void {
    const { widthPx, heightPx, layout } = this.#options;
    const [planes, pixelValues] = layout === 'nchw' ? [3, 1] : [1, 3];
    const rowValues = widthPx * pixelValues;
    const evenRowValues = evened(widthPx) * pixelValues;
    for (let row = 0; row < planes * heightPx; row++) {
      const plane = Math.floor(row / heightPx);
      const from = (plane * evened(heightPx) + (row % heightPx)) * evenRowValues;
      this.tensor.set(this.#even.subarray(from, from + rowValues), row * rowValues);
    }
  }
}

function writeParameters(view: DataView, { range, order, mean, scale }: TensorOptions): void {
  const { red, green, blue } = YUV_TO_RGB[range];
  view.setFloat32(Y_WEIGHT_ADDRESS, realYuvWeights(red).y, true);
  const channels = order === 'rgb' ? [red, green, blue] : [blue, green, red];
  channels.map(realYuvWeights).forEach(({ u, v, bias }, channel) => {
    const address = CHANNELS_ADDRESS + 12 * channel;
    view.setFloat32(address, u, true);
    view.setFloat32(address + 4, v, true);
    view.setFloat32(address + 8, bias, true);
    view.setFloat32(NORMALISATION_ADDRESS + 8 * channel, mean[channel] ?? 0, true);
    view.setFloat32(NORMALISATION_ADDRESS + 8 * channel + 4, scale[channel] ?? 1, true);
  });
}
