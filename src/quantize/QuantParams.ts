import { type OnnxTensor, scalarTensor, tensorToFloat32 } from '../onnx/OnnxTensor.js';
import type { ValueRange } from './chooseRange.js';

/** Precisions of a value; `float` is not quantised. */
export const PRECISIONS = ['int8', 'int16', 'float'] as const;

export type Precision = (typeof PRECISIONS)[number];

export type QuantizedPrecision = Exclude<Precision, 'float'>;

/** Affine quantisation of a whole activation tensor: value = (q - zeroPoint) * scale. */
export interface QuantParams {
  readonly precision: QuantizedPrecision;
  /** Activations of 8 bits are unsigned (U8S8: ONNX Runtime's fast kernels), of 16 bits signed as the BPU's. */
  readonly dataType: 'uint8' | 'int16';
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Number of quantisation levels of 8-bit and 16-bit activations. */
export const LEVELS: Readonly<Record<QuantizedPrecision, number>> = { int8: 256, int16: 65536 };

/** Below this a scale's reciprocal overflows float32 in a runtime's kernel. */
const SMALLEST_SCALE = 1e-30;

/** The parameters that map the range (which contains zero) onto all levels; zero is exact. */
export function quantParamsOf(range: ValueRange, precision: QuantizedPrecision): QuantParams {
  if (precision === 'int16') {
    // Symmetric, as the BPU's 16-bit operators are.
    const scale = Math.max(Math.max(-range.min, range.max) / 32767, SMALLEST_SCALE);
    return { precision, dataType: 'int16', scale: Math.fround(scale), zeroPoint: 0 };
  }
  const span = range.max - range.min;
  const scale = Math.fround(span > SMALLEST_SCALE * 255 ? span / 255 : 1);
  const zeroPoint = Math.min(255, Math.max(0, Math.round(-range.min / scale)));
  return { precision, dataType: 'uint8', scale, zeroPoint };
}

/** The parameters as QuantizeLinear and DequantizeLinear read them. */
export function paramTensors({
  scale,
  zeroPoint,
  dataType,
}: QuantParams): Record<'scale' | 'zero_point', OnnxTensor> {
  return { scale: scalarTensor('float32', scale), zero_point: scalarTensor(dataType, zeroPoint) };
}

/** A constant over the range of its values, and its parameters. */
export function quantizeConstant(
  tensor: OnnxTensor,
  precision: QuantizedPrecision,
): Record<'quantized' | 'scale' | 'zero_point', OnnxTensor> {
  const values = tensorToFloat32(tensor);
  const min = values.reduce((least, value) => (value < least ? value : least), 0);
  const max = values.reduce((most, value) => (value > most ? value : most), 0);
  const params = quantParamsOf({ min, max }, precision);
  const data = quantizeValues(values, params);
  return { quantized: { dataType: params.dataType, dims: tensor.dims, data }, ...paramTensors(params) };
}

/** Quantised values: rounded half to even, clipped to the element type. */
export function quantizeValues(values: Float32Array, params: QuantParams): Uint8Array | Int16Array {
  const isByte = params.dataType === 'uint8';
  const [lowest, highest] = isByte ? [0, 255] : [-32768, 32767];
  const steps = isByte ? new Uint8Array(values.length) : new Int16Array(values.length);
  values.forEach((value, index) => {
    const step = roundHalfEven(value / params.scale) + params.zeroPoint;
    steps[index] = Math.min(highest, Math.max(lowest, step));
  });
  return steps;
}

/** As QuantizeLinear rounds. */
function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
