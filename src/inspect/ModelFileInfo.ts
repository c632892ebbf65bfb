import type { GraphFacts } from '../fit/graphFacts.js';
import type { BpuFileInfo } from '../model/readBpuFile.js';
import type { OnnxDataType } from '../onnx/OnnxDataType.js';
import type { OnnxDim } from '../onnx/OnnxModel.js';

/** A graph's input or output. */
export interface PortInfo {
  readonly name: string;
  readonly dataType: OnnxDataType | null;
  readonly shape: readonly OnnxDim[] | null;
}

/**
 * How a graph is quantised: `qdq` with QuantizeLinear and DequantizeLinear pairs around float operators, `integer` with
 * integer operators, `weights` with integer constants only.
 */
export interface QuantizationInfo {
  readonly kind: 'none' | 'qdq' | 'integer' | 'weights';
  /** Counts of quantised constants and activations by element type. */
  readonly weightTypes: Readonly<Record<string, number>>;
  readonly activationTypes: Readonly<Record<string, number>>;
}

export interface OnnxFileInfo {
  readonly kind: 'onnx';
  readonly path: string;
  readonly lengthBytes: number;
  readonly irVersion: number;
  readonly producer: string;
  /** E.g. `ai.onnx 11`. */
  readonly opsets: readonly string[];
  readonly inputs: readonly PortInfo[];
  readonly outputs: readonly PortInfo[];
  readonly nodeCount: number;
  /** Operators with their counts, the most frequent first; domains other than ONNX's precede the name. */
  readonly operators: readonly { readonly opType: string; readonly count: number }[];
  /** Elements of constants that are weights: shapes, scales and zero points do not count. */
  readonly parameterCount: number;
  /** Multiply-accumulates of convolutions and matrix products for one picture; null if shapes are unknown. */
  readonly macCount: number | null;
  readonly quantization: QuantizationInfo;
  /** Facts about its use as a classifier, from its operators. */
  readonly facts: GraphFacts;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface WeightFileInfo {
  readonly kind: 'safetensors' | 'pytorch';
  readonly path: string;
  readonly lengthBytes: number;
  readonly tensors: readonly {
    readonly name: string;
    readonly dtype: string;
    readonly dims: readonly number[];
  }[];
  /** Elements by element type. */
  readonly elementsByDtype: Readonly<Record<string, number>>;
  /** Elements of floating-point tensors without running statistics, i.e. trained parameters. */
  readonly parameterCount: number;
  /** The EfficientViT variant that every tensor fits, and its class count; null if there is none. */
  readonly efficientVit: { readonly variant: string; readonly classCount: number } | null;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A model in ONNX Runtime's own format. */
export interface OrtFileInfo {
  readonly kind: 'ort';
  readonly path: string;
  readonly lengthBytes: number;
  /** Version of the format that the file names. */
  readonly formatVersion: string;
}

export interface BpuModelInfo extends BpuFileInfo {
  readonly kind: 'bpu';
  readonly path: string;
}

export type ModelFileInfo = OnnxFileInfo | WeightFileInfo | OrtFileInfo | BpuModelInfo;
