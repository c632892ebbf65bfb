import type { ChannelTriple } from './ModelManifest.js';

/** ImageNet's channel means in 0..255, R, G, B: what torchvision, timm and the vendor's zoo use. */
export const IMAGENET_MEAN: ChannelTriple = [123.675, 116.28, 103.53];

/** 1 / (255 x ImageNet's standard deviations), as the vendor's yaml files write it. */
export const IMAGENET_SCALE: ChannelTriple = [0.01712475, 0.017507, 0.01742919];

/** The input's side over the short side that a picture is resized to before its centre is cut: 224 / 256. */
export const IMAGENET_CROP_RATIO = 0.875;
