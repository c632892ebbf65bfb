import { basename, extname, resolve } from 'node:path';
import { BPU_CHIPS, type BpuChip, MARCH_OF_CHIP } from './BpuChip.js';
import { ASSUMABLE_KEYS, type ChannelTriple, type ModelInput, type ModelManifest } from './ModelManifest.js';

/** ImageNet's channel means in 0..255, R, G, B: what torchvision, timm and the vendor's zoo use. */
export const IMAGENET_MEAN: ChannelTriple = [123.675, 116.28, 103.53];

/** 1 / (255 x ImageNet's standard deviations), as the vendor's yaml files write it. */
export const IMAGENET_SCALE: ChannelTriple = [0.01712475, 0.017507, 0.01742919];

/** The input's side over the short side that a picture is resized to before its centre is cut: 224 / 256. */
export const IMAGENET_CROP_RATIO = 0.875;

/** What torchvision, timm and the vendor's zoo have in common. */
export const DEFAULT_INPUT: ModelInput = {
  widthPx: 224,
  heightPx: 224,
  layout: 'nchw',
  color: 'rgb',
  mean: IMAGENET_MEAN,
  scale: IMAGENET_SCALE,
};

/** The short side that a picture is resized to where the centre of this size is cut out. */
export function shortSideFor({ widthPx, heightPx }: Pick<ModelInput, 'widthPx' | 'heightPx'>): number {
  return Math.round(Math.max(widthPx, heightPx) / IMAGENET_CROP_RATIO);
}

/**
 * The manifest of a bare .onnx, .ort or .bin file, assumed to be an ImageNet-style classifier: 224x224 RGB, NCHW,
 * ImageNet's mean and scale, centre crop from a short side of 256, full range, logits; ImageNet's labels
 * if it has 1000 classes. An ONNX graph corrects it (fitManifest), a manifest.yaml beside the file as well.
 */
export function defaultManifest(filePath: string): ModelManifest {
  const path = resolve(filePath);
  const extension = extname(path).toLowerCase();
  return {
    name: nameOfFile(path),
    title: basename(path),
    description: 'A model file without a manifest: ImageNet-style preprocessing is assumed.',
    licence: 'unknown',
    sources: [],
    input: DEFAULT_INPUT,
    preprocess: {
      resizeMode: 'crop',
      resizeShortSidePx: shortSideFor(DEFAULT_INPUT),
      padValue: 127,
      yuvRange: 'full',
    },
    output: { activation: 'logits' },
    labels: { kind: 'auto' },
    files: extension === '.bin' ? { bpu: bpuSources(path) } : { onnx: { file: path }, bpu: {} },
    deviceModels: {},
    published: {},
    assumed: ASSUMABLE_KEYS,
    origin: 'file',
  };
}

/** A .bin as the file of these chips; the chip of a bare one is unknown until it is opened, so it is listed for each. */
export function bpuSources(
  file: string,
  chips: readonly BpuChip[] = BPU_CHIPS,
): ModelManifest['files']['bpu'] {
  return Object.fromEntries(chips.map((chip) => [chip, { file, march: MARCH_OF_CHIP[chip] }]));
}

/** Of a manifest's name. */
const LONGEST_NAME = 64;

/** A model's name, derived from its file or folder. */
export function nameOfFile(path: string): string {
  const stem = basename(path, extname(path)).toLowerCase();
  const name = stem.replace(/[^a-z0-9._-]/g, '_').slice(0, LONGEST_NAME);
  return /^[a-z0-9]/.test(name) ? name : `model_${name}`.slice(0, LONGEST_NAME);
}

/** What `effvit quantize` calls the int8 model that it makes of one. */
export function int8NameOf(name: string): string {
  return `${name}_int8`.slice(0, LONGEST_NAME);
}
