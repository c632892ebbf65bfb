import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { loadNative } from '../core/loadNative.js';

type Koffi = typeof import('koffi');
type Handle = bigint | null;

/** An 8-bit picture whose rows follow one another without a gap. */
export interface DecodedPixels {
  readonly widthPx: number;
  readonly heightPx: number;
  /** 3: R, G, B. */
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** Of libjpeg-turbo's turbojpeg.h, versions 3.x. */
const DECOMPRESS = 1;
const STOP_ON_WARNING = 0;
const WIDTH = 5;
const HEIGHT = 6;
const PRECISION = 7;
const COLOUR_SPACE = 8;
const SCAN_LIMIT = 13;
const ARITHMETIC = 14;
const LOSSLESS = 15;
const PIXELS = { rgb: 0, grey: 6 } as const;
const COLOUR_SPACES: readonly number[] = [0, 1, 2]; // RGB, YCbCr and grey; CMYK and YCCK need a colour profile.

/** As sharp limits them: each scan of a progressive picture costs a pass over all of it. */
const MOST_SCANS = 100;

const PACKAGE = '@julusian/jpeg-turbo';

/** Path of the library that the package holds for Linux. @throws Error if the package is not installed */
export function turboJpegPath(): string {
  const folder = dirname(createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`));
  return join(folder, 'prebuilds', `jpeg-turbo-linux-${process.arch}`, 'libturbojpeg.so.0');
}

function bind(library: ReturnType<Koffi['load']>) {
  return {
    init: library.func('void *tj3Init(int use)') as (use: number) => Handle,
    destroy: library.func('void tj3Destroy(void *handle)'),
    set: library.func('int tj3Set(void *handle, int parameter, int value)'),
    get: library.func('int tj3Get(void *handle, int parameter)') as (handle: Handle, what: number) => number,
    readHeader: library.func('int tj3DecompressHeader(void *handle, const uint8_t *data, size_t bytes)'),
    decompress: library.func(
      'int tj3Decompress8(void *handle, const uint8_t *data, size_t bytes, uint8_t *pixels, int strideBytes, int format)',
    ),
  };
}

/**
 * libjpeg-turbo by its own interface: sharp decodes with the same arithmetic, to the same bytes, but its pipeline, its
 * threads and its copies take longer than the picture itself.
 */
export class TurboJpeg {
  readonly #library: ReturnType<typeof bind>;

  /** @throws Error if the package or koffi is missing or has no build for this machine; sharp decodes everything then */
  constructor() {
    this.#library = bind(loadNative<Koffi>('koffi').load(turboJpegPath()));
  }

  /**
   * Decodes on the calling thread. Undefined if the picture is not an ordinary JPEG without faults: truncated, with stray
   * bytes, damaged, CMYK, arithmetic, lossless, 12 bit, or of more than {@link MOST_SCANS} scans.
   *
   * @param keepsGrey keep a grey picture's one channel; otherwise it is repeated.
   * @param memory to decode into; undefined refuses a picture of that size.
   */
  decode(
    data: Uint8Array,
    keepsGrey: boolean,
    memory: (lengthBytes: number) => Uint8Array | undefined,
  ): DecodedPixels | undefined {
    // A handle that has seen a damaged header refuses sound pictures: each picture gets its own, for some microseconds.
    const handle = this.#library.init(DECOMPRESS);
    if (handle === null) return undefined;
    try {
      this.#library.set(handle, STOP_ON_WARNING, 1);
      this.#library.set(handle, SCAN_LIMIT, MOST_SCANS);
      if (this.#library.readHeader(handle, data, data.length) !== 0 || !this.#isOrdinary(handle))
        return undefined;
      const widthPx = this.#library.get(handle, WIDTH);
      const heightPx = this.#library.get(handle, HEIGHT);
      const channels = keepsGrey ? 1 : 3;
      const pixels = memory(channels * widthPx * heightPx);
      if (pixels === undefined) return undefined;
      const format = keepsGrey ? PIXELS.grey : PIXELS.rgb;
      const isFaulty = this.#library.decompress(handle, data, data.length, pixels, 0, format) !== 0;
      return isFaulty ? undefined : { widthPx, heightPx, channels, data: pixels };
    } finally {
      this.#library.destroy(handle);
    }
  }

  #isOrdinary(handle: Handle): boolean {
    return (
      this.#library.get(handle, PRECISION) === 8 &&
      COLOUR_SPACES.includes(this.#library.get(handle, COLOUR_SPACE)) &&
      this.#library.get(handle, ARITHMETIC) === 0 &&
      this.#library.get(handle, LOSSLESS) === 0
    );
  }
}
