import type { BpuBackendSpec } from '../BackendSpec.js';
import { dataView, LAYOUT_NHWC, PROPERTIES, TENSOR_TYPE } from './bpuAbi.js';
import { unusable } from './bpuErrors.js';
import type { TensorDescription } from './TensorArray.js';
import { parseTensorProperties } from './TensorProperties.js';

/** Layout of a compiled model's pictures in the BPU's memory: NV12, packed or as two planes, one tensor per picture. */
export interface PictureLayout {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Pictures per task. */
  readonly batch: number;
  readonly strideBytes: number;
  /** Description of the tensor of one picture; luma and chroma may have separate memories. */
  readonly tensor: TensorDescription;
}

/**
 * @param properties the raw structure of the model's only input.
 * @throws EffvitError BAD_MODEL if it does not take NV12 of the wanted size.
 */
export function pictureLayout(
  properties: Uint8Array,
  wanted: Pick<BpuBackendSpec, 'widthPx' | 'heightPx' | 'isResizer'>,
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
  // With crop and scale on the chip, whole pictures may have any size.
  if (!isSeparate && wanted.isResizer !== true && pictureBytes < (lumaBytes * 3) / 2) {
    throw unusable(
      about,
      `its input has ${pictureBytes} bytes where ${heightPx} rows of ${strideBytes} bytes need ${(lumaBytes * 3) / 2}`,
    );
  }
  const sizes = isSeparate ? [lumaBytes, lumaBytes / 2] : [pictureBytes];
  const single = propertiesOfOne(properties, Math.floor(alignedByteSize / batch));
  return { widthPx, heightPx, batch, strideBytes, tensor: { properties: single, sizes } };
}

/** The runtime takes one tensor per picture of a batch, so the shape must be that of one picture. */
function propertiesOfOne(properties: Uint8Array, bytes: number): Uint8Array {
  const single = properties.slice();
  const view = dataView(single);
  view.setInt32(PROPERTIES.validShape, 1, true);
  view.setInt32(PROPERTIES.alignedShape, 1, true);
  view.setInt32(PROPERTIES.alignedByteSize, bytes, true);
  return single;
}

/** Width and height of a four-dimensional picture tensor. */
function pictureSize(
  shape: readonly number[],
  layout: number,
): { readonly widthPx: number; readonly heightPx: number } {
  const [heightAxis, widthAxis] = layout === LAYOUT_NHWC ? [1, 2] : [2, 3];
  return { widthPx: shape[widthAxis] ?? 0, heightPx: shape[heightAxis] ?? 0 };
}
