/** A line of manifest.yaml, and the models that need it. */
export interface NormalisationLine {
  readonly line: string;
  readonly models: string;
}

/** The conventions of Keras's applications and TensorFlow Hub, by Keras's names. */
export const NORMALISATION_LINES: readonly NormalisationLine[] = [
  {
    line: 'input: { mean: [127.5, 127.5, 127.5], scale: [0.00784314, 0.00784314, 0.00784314] }',
    models: "Keras's tf: MobileNet, Inception, Xception, NASNet, ResNetV2",
  },
  {
    line: 'input: { color: bgr, mean: [103.939, 116.779, 123.68], scale: [1, 1, 1] }',
    models: "Keras's caffe: ResNet, VGG, and what was converted from Caffe",
  },
  {
    line: 'input: { mean: [123.675, 116.28, 103.53], scale: [0.01712475, 0.017507, 0.01742919] }',
    models: "Keras's torch: DenseNet, ImageNet's mean and deviation",
  },
  {
    line: 'input: { mean: [0, 0, 0], scale: [0.00392157, 0.00392157, 0.00392157] }',
    models: '0 to 1: TensorFlow Hub',
  },
  { line: 'input: { mean: [0, 0, 0], scale: [1, 1, 1] }', models: '0 to 255' },
];
