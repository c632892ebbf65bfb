import type { CamelCased } from '../core/keyCase.js';
import type { YuvRange } from '../image/ImageFrame.js';
import type { PreprocessResizeMode } from '../image/PreprocessOptions.js';
import type { BpuChip } from './BpuChip.js';
import type { ManifestYaml } from './manifestSchema.js';
import type { EfficientVitVariant } from './manifestValues.js';

/** What manifest.yaml states is described where its keys are: in manifestSchema.ts. */
type Stated = CamelCased<ManifestYaml>;

/** One value a channel, in the order of {@link ModelInput.color} (R, G, B for `rgb`). */
export type ChannelTriple = readonly [number, number, number];

/** The tensor that the float model takes. A compiled BPU model takes NV12 of the same size instead. */
export interface ModelInput {
  /** The graph's input name; absent: its only input. */
  readonly name?: string;
  /** 16 to 4096; even for a BPU and for `nv12`. */
  readonly widthPx: number;
  /** 16 to 4096; even for a BPU and for `nv12`. */
  readonly heightPx: number;
  readonly layout: 'nchw' | 'nhwc';
  readonly color: 'rgb' | 'bgr' | 'nv12';
  /** normalised = (value in 0..255 - mean) * scale, per channel. */
  readonly mean: ChannelTriple;
  /** The reciprocal of the standard deviation in 0..255 units (hb_mapper's `scale_value`). */
  readonly scale: ChannelTriple;
}

export interface ModelPreprocess {
  /** How a picture is brought to the model's shape: stretched, cropped or padded. */
  readonly resizeMode: PreprocessResizeMode;
  /** With `crop`: the short side is resized to this, then the centre is cropped; not less than the input's side. */
  readonly resizeShortSidePx: number;
  /** With `letterbox`: the grey value of the border, 0 to 255. */
  readonly padValue: number;
  /** The BT.601 range of the NV12 that the model was calibrated on. */
  readonly yuvRange: YuvRange;
}

export interface ModelOutput {
  /** The graph's output name; absent: the only one. */
  readonly name?: string;
  /** Absent if the manifest leaves it to the graph. */
  readonly classCount?: number;
  /** `logits` need a softmax, `probabilities` do not. */
  readonly activation: 'logits' | 'probabilities';
  /** What logits are divided by before the softmax, so that a score is how often it is right; absent: 1. */
  readonly temperature?: number;
}

/** A file that ships with the model or is available from an address. */
export type ModelFileSource = NonNullable<Stated['files']['weights']>;

/** An ONNX file that this package builds from `files.weights`. */
export interface BuiltOnnxSource {
  readonly builder: 'efficientvit';
  readonly variant: EfficientVitVariant;
}

/** A compiled model. */
export type BpuFileSource = NonNullable<Stated['files']['bpu'][BpuChip]>;

export interface ModelFileSources {
  readonly weights?: ModelFileSource;
  readonly onnx?: ModelFileSource | BuiltOnnxSource;
  /** The same graph quantised: same input, same output. */
  readonly onnxInt8?: ModelFileSource;
  readonly bpu: Readonly<Partial<Record<BpuChip, BpuFileSource>>>;
  /** The vendor's quantised ONNX, which computes the same integers as the .bin; the vendor's toolchain runs it. */
  readonly bpuQuantized?: Readonly<Partial<Record<BpuChip, ModelFileSource>>>;
}

/** Times of the chip, for the simulated backend; published or estimated by the compiler, never guessed. */
export type DeviceModel = NonNullable<Stated['deviceModel'][BpuChip]>;

/** What the model's publisher measured on a chip; reports quote it beside the measured figures. */
export type PublishedFigures = NonNullable<Stated['published'][BpuChip]>;

/**
 * `imagenet1k` ships with the package, `file` is a text or JSON file in the model's folder, `list` was found in
 * the graph, `none` means `class_<i>`. `auto`, the default: ImageNet's if there are 1000 classes (or
 * 1001, with a background before them), else `class_<i>`.
 */
export type LabelSource =
  | { readonly kind: 'auto' }
  | { readonly kind: 'imagenet1k' }
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'list'; readonly labels: readonly string[] }
  | { readonly kind: 'none' };

/** How an int8 model was found to compare with the float one that it was made of, on pictures that neither had seen. */
export type QuantizedFigures = NonNullable<Stated['quantized']>;

/** Keys of manifest.yaml whose values can also follow from the graph. */
export const ASSUMABLE_KEYS = [
  'input.width_px',
  'input.height_px',
  'input.layout',
  'input.color',
  'input.mean',
  'input.scale',
  'preprocess.resize_short_side_px',
  'output.name',
  'output.class_count',
  'output.activation',
  'labels',
] as const;

export type AssumableKey = (typeof ASSUMABLE_KEYS)[number];

/**
 * Description of a model: the content of `models/<name>/manifest.yaml`, or the defaults for a bare file. Plain data
 * that can be sent to worker threads.
 */
export interface ModelManifest {
  /** Lower-case letters, digits, `_`, `-` and `.`: a folder name and a parameter value. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** SPDX expression, or `unknown` for a bare file. */
  readonly licence: string;
  /** Papers, repositories, model pages. */
  readonly sources: readonly string[];
  readonly input: ModelInput;
  readonly preprocess: ModelPreprocess;
  readonly output: ModelOutput;
  readonly labels: LabelSource;
  readonly files: ModelFileSources;
  readonly deviceModels: Readonly<Partial<Record<BpuChip, DeviceModel>>>;
  readonly published: Readonly<Partial<Record<BpuChip, PublishedFigures>>>;
  /** Of an int8 model. */
  readonly quantized?: QuantizedFigures;
  readonly parameterCount?: number;
  /** Multiply-accumulates of one frame. */
  readonly macCount?: number;
  /** Absolute folder that the manifest and its relative files lie in; absent for a bare file. */
  readonly folderPath?: string;
  /**
   * Keys that the manifest does not state. They hold defaults, which the ONNX graph may correct (fitManifest).
   * Absent: none.
   */
  readonly assumed?: readonly AssumableKey[];
  /** Where it was found. */
  readonly origin: 'package' | 'model_path' | 'cache' | 'folder' | 'file';
}
