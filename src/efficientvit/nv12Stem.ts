import type { YuvRange } from '../image/ImageFrame.js';
import type { ChannelTriple } from '../model/ModelManifest.js';
import { intAttr, type OnnxDim } from '../onnx/OnnxModel.js';
import { float32Tensor } from '../onnx/OnnxTensor.js';
import { INPUT_SIDE_PX } from './EfficientVitArchitecture.js';
import { type FoldedLayer, roundLayer } from './foldBatchNorm.js';
import { type GraphBuilder, scopeOf, squareConv, type Value } from './GraphBuilder.js';

/** Conversion of NV12 bytes to the normalised RGB on which the first convolution was trained. */
export interface Nv12Normalisation {
  readonly range: YuvRange;
  /** R, G, B in 0..255. */
  readonly mean: ChannelTriple;
  /** normalised = (value - mean) * scale. */
  readonly scale: ChannelTriple;
}

type Matrix3 = readonly [ChannelTriple, ChannelTriple, ChannelTriple];

/**
 * R, G, B from Y - Y0, U - 128, V - 128 (ITU-R BT.601: Kr 0.299, Kb 0.114), rows R, G, B. Nothing is clamped,
 * unlike in a decoder for colours outside the RGB cube.
 */
export function yuvToRgbMatrix(range: YuvRange): { matrix: Matrix3; lumaZero: number } {
  const kr = 0.299;
  const kb = 0.114;
  const kg = 1 - kr - kb;
  const luma = range === 'full' ? 1 : 255 / 219;
  const chroma = range === 'full' ? 1 : 255 / 224;
  const rv = 2 * (1 - kr) * chroma;
  const bu = 2 * (1 - kb) * chroma;
  return {
    matrix: [
      [luma, 0, rv],
      [luma, (-kb / kg) * bu, (-kr / kg) * rv],
      [luma, bu, 0],
    ],
    lumaZero: range === 'full' ? 0 : 16,
  };
}

/** The Y, U and V of a colour, for padding with it. */
function yuvOfRgb(rgb: ChannelTriple, range: YuvRange): ChannelTriple {
  const { matrix, lumaZero } = yuvToRgbMatrix(range);
  const [[gain, , rv], , [, bu]] = matrix;
  // Y is a weighted sum of the colour; U and V are proportional to B - Y and R - Y.
  const luma = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
  return [lumaZero + luma / gain, 128 + (rgb[2] - luma) / bu, 128 + (rgb[0] - luma) / rv];
}

/**
 * The first convolution (3x3, stride 2, padding 1, on normalised RGB), rewritten for NV12 bytes: a 3x3 convolution on
 * Y, and a 2x4 one on the rows of U, V pairs, each of which is shared by 2x2 pixels.
 *
 * The original pads with zeros, i.e. with the mean colour. The Y, U and V of the mean colour are subtracted first, so
 * that both convolutions can pad with zeros as well.
 *
 * @param layer The trained convolution with folded batch norm: [channels, 3, 3, 3].
 * @param path of its module in the state_dict.
 * @returns [batch, channels, 112, 112]
 */
export function addNv12Stem(
  builder: GraphBuilder,
  batch: OnnxDim,
  layer: FoldedLayer<Float64Array>,
  normalisation: Nv12Normalisation,
  path: string,
): Value {
  const side = INPUT_SIDE_PX;
  const bytes = builder.input({ name: 'data', dataType: 'uint8', shape: [batch, 1, (side * 3) / 2, side] });
  const [lumaBytes, chromaBytes] = builder.split('/nv12/Split', bytes, 2, [side, side / 2]) as [Value, Value];
  const [y, u, v] = yuvOfRgb(normalisation.mean, normalisation.range);
  const pairs = Float32Array.from({ length: side }, (_, column) => (column % 2 === 0 ? u : v));
  const centred = (plane: Value, label: string, mean: Float32Array): Value => {
    const asFloat = builder.node('Cast', `/nv12/${label}/Cast`, [plane], plane.shape, { to: intAttr(1) });
    const constant = builder.constant(`nv12.${label}.mean`, float32Tensor([1, 1, 1, mean.length], mean));
    return builder.node('Sub', `/nv12/${label}/Sub`, [asFloat, constant], plane.shape);
  };
  const kernels = nv12Kernels(layer, normalisation);
  const at = `${scopeOf(path)}/conv`;
  const fromY = centred(lumaBytes, 'y', Float32Array.of(y));
  const luma = builder.conv(`${at}/Conv`, fromY, kernels.luma, `${path}.y`, squareConv(3, 2, 1));
  const fromUv = centred(chromaBytes, 'uv', pairs);
  const chroma = builder.conv(`${at}/uv/Conv`, fromUv, kernels.chroma, `${path}.uv`, {
    kernel: [2, 4],
    strides: [1, 2],
    pads: [1, 2, 0, 0],
    group: 1,
  });
  return builder.elementwise('Add', '/nv12/Add', luma, chroma);
}

/** Rewrites the kernel: sums over R, G, B become sums over Y, U, V; rows and columns 1 and 2 share a chroma pair. */
function nv12Kernels(
  layer: FoldedLayer<Float64Array>,
  { range, scale }: Nv12Normalisation,
): { luma: FoldedLayer; chroma: FoldedLayer } {
  const { matrix } = yuvToRgbMatrix(range);
  const channels = layer.bias.length;
  const luma = new Float64Array(channels * 9);
  const chroma = new Float64Array(channels * 8);
  for (let out = 0; out < channels; out++) {
    for (const color of [0, 1, 2] as const) {
      for (let tap = 0; tap < 9; tap++) {
        const weight = (layer.weight[(out * 3 + color) * 9 + tap] as number) * scale[color];
        const [fromY, fromU, fromV] = matrix[color];
        const row = tap < 3 ? 0 : 1;
        const column = tap % 3 === 0 ? 0 : 1;
        const pair = out * 8 + row * 4 + column * 2;
        luma[out * 9 + tap] = (luma[out * 9 + tap] as number) + weight * fromY;
        chroma[pair] = (chroma[pair] as number) + weight * fromU;
        chroma[pair + 1] = (chroma[pair + 1] as number) + weight * fromV;
      }
    }
  }
  return {
    luma: roundLayer({ weight: luma, bias: layer.bias }),
    chroma: roundLayer({ weight: chroma, bias: new Float64Array(channels) }),
  };
}
