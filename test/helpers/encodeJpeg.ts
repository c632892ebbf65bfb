import assert from 'node:assert/strict';
import koffi from 'koffi';
import { turboJpegPath } from '../../src/image/TurboJpeg.js';

/** By their numbers in turbojpeg.h. */
export const SUBSAMPLINGS = {
  '4:4:4': 0,
  '4:2:2': 1,
  '4:2:0': 2,
  grey: 3,
  '4:4:0': 4,
  '4:1:1': 5,
  '4:4:1': 6,
} as const;
export type Subsampling = keyof typeof SUBSAMPLINGS;

const PARAMETERS = {
  quality: 3,
  colourSpace: 8,
  optimise: 11,
  progressive: 12,
  arithmetic: 14,
  lossless: 15,
  restartBlocks: 18,
} as const;
const SUBSAMPLING = 4;
const COMPRESS = 0;

export interface JpegPicture {
  readonly widthPx: number;
  readonly heightPx: number;
  /** rgb, or cmyk with four bytes a pixel. */
  readonly pixels: Uint8Array;
  readonly isCmyk?: boolean;
  readonly subsampling: Subsampling;
  readonly parameters?: Readonly<Partial<Record<keyof typeof PARAMETERS, number>>>;
}

/** JPEGs as cameras make them and sharp does not: by libjpeg-turbo's encoder. */
export function encodeJpeg(picture: JpegPicture): Uint8Array {
  const { widthPx, heightPx, pixels, subsampling, isCmyk = false, parameters = {} } = picture;
  const library = koffi.load(turboJpegPath());
  const handle: unknown = library.func('void *tj3Init(int)')(COMPRESS);
  const set = library.func('int tj3Set(void *, int, int)');
  const put = (parameter: number, value: number) => assert.equal(set(handle, parameter, value), 0);
  put(SUBSAMPLING, SUBSAMPLINGS[subsampling]);
  put(PARAMETERS.quality, 90);
  for (const [name, value] of Object.entries(parameters))
    put(PARAMETERS[name as keyof typeof PARAMETERS], value);
  const compress = library.func(
    'int tj3Compress8(void *, const uint8_t *, int, int, int, int, _Inout_ void **, _Inout_ size_t *)',
  );
  const address: [bigint | null] = [null];
  const length: [number] = [0];
  const failed = compress(handle, pixels, widthPx, 0, heightPx, isCmyk ? 11 : 0, address, length);
  assert.equal(failed, 0, String(library.func('const char *tj3GetErrorStr(void *)')(handle)));
  assert.ok(address[0] !== null);
  const jpeg = Uint8Array.from(new Uint8Array(koffi.view(address[0], length[0])));
  library.func('void tj3Free(void *)')(address[0]);
  library.func('void tj3Destroy(void *)')(handle);
  return jpeg;
}
