import { EffvitError } from '../../core/EffvitError.js';
import { PROPERTIES, TENSOR_TYPE } from './bpuAbi.js';
import type { TensorDescription } from './TensorArray.js';
import { parseTensorProperties, pictureSize } from './TensorProperties.js';

/** How the pictures of a compiled model lie in the BPU's memory: NV12, packed or as two planes, one tensor each. */
export interface PictureLayout {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Pictures of one task. */
  readonly batch: number;
  readonly strideBytes: number;
  /** Luma and chroma are two memories. */
  readonly isSeparate: boolean;
  /** The tensor of one picture. */
  readonly tensor: TensorDescription;
}

/**
 * @param properties the raw structure of the model's only input.
 * @throws EffvitError BAD_MODEL where it takes no NV12 of the wanted size.
 */
export function pictureLayout(
  properties: Uint8Array,
  wanted: { readonly widthPx: number; readonly heightPx: number; readonly isResizer?: boolean },
  about: string,
): PictureLayout {
  const { tensorType, tensorLayout, validShape, alignedShape, alignedByteSize } =
    parseTensorProperties(properties);
  const isSeparate = tensorType === TENSOR_TYPE.nv12Separate;
  if (tensorType !== TENSOR_TYPE.nv12 && !isSeparate) {
    throw unusable(
      about,
      `it takes data of type ${tensorType}, not NV12: compile it with input_type_rt nv12 (\`effvit quantize\`)`,
    );
  }
  const { widthPx, heightPx } = pictureSize(validShape, tensorLayout);
  if (widthPx !== wanted.widthPx || heightPx !== wanted.heightPx) {
    throw unusable(
      about,
      `it takes ${widthPx}x${heightPx}, not the ${wanted.widthPx}x${wanted.heightPx} of its manifest`,
    );
  }
  const batch = validShape[0] ?? 0;
  if (batch < 1) throw unusable(about, `its input has a batch of ${batch}`);
  const strideBytes = Math.max(pictureSize(alignedShape, tensorLayout).widthPx, widthPx);
  const lumaBytes = strideBytes * heightPx;
  const pictureBytes = Math.floor(Math.max(alignedByteSize, 0) / batch);
  // Whole pictures have sizes of their own.
  if (!isSeparate && wanted.isResizer !== true && pictureBytes < (lumaBytes * 3) / 2) {
    throw unusable(
      about,
      `its input has ${pictureBytes} bytes where ${heightPx} rows of ${strideBytes} bytes need ${(lumaBytes * 3) / 2}`,
    );
  }
  const sizes = isSeparate ? [lumaBytes, lumaBytes / 2] : [pictureBytes];
  const single = propertiesOfOne(properties, Math.floor(alignedByteSize / batch));
  return { widthPx, heightPx, batch, strideBytes, isSeparate, tensor: { properties: single, sizes } };
}

/** The runtime takes a tensor for each picture of a batch, with the shape of one. */
function propertiesOfOne(properties: Uint8Array, bytes: number): Uint8Array {
  const single = properties.slice();
  const view = new DataView(single.buffer);
  view.setInt32(PROPERTIES.validShape, 1, true);
  view.setInt32(PROPERTIES.alignedShape, 1, true);
  view.setInt32(PROPERTIES.alignedByteSize, bytes, true);
  return single;
}

export function unusable(about: string, what: string): EffvitError {
  return new EffvitError('BAD_MODEL', `${about} cannot be used: ${what}.`);
}
