import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { emptyGraph, makeNode, type OnnxModel } from '../../src/onnx/OnnxModel.js';
import { float32Tensor } from '../../src/onnx/OnnxTensor.js';
import { writeOnnx } from '../../src/onnx/serializeOnnx.js';
import { testModel } from './testModel.js';

/** Classes of the model below, in the order of its output. */
export const COLOURS = ['red', 'green', 'blue'] as const;

const SHARPNESS = 4;

/**
 * A classifier whose answers anybody can check: the logits are the picture's mean red, green and blue. It runs in
 * well under a millisecond, and a swapped channel or plane shows as another class.
 *
 * @param spoil for models that must be refused: another number of inputs or values that are no numbers.
 */
export function colourModel(spoil: 'no' | 'nan' | 'two_inputs' | 'wrong_shape' = 'no'): OnnxModel {
  const graph = emptyGraph('colours');
  const side = spoil === 'wrong_shape' ? 225 : 224;
  const shape = spoil === 'wrong_shape' ? [1, 5, side, side] : [1, 3, side, side];
  graph.inputs.push({ name: 'data', dataType: 'float32', shape });
  if (spoil === 'two_inputs') graph.inputs.push({ name: 'more', dataType: 'float32', shape: [1] });
  const gain = spoil === 'nan' ? Number.NaN : SHARPNESS;
  graph.initializers.set('gain', float32Tensor([1], Float32Array.of(gain)));
  graph.nodes.push(
    makeNode('GlobalAveragePool', 'means', ['data'], ['means']),
    makeNode('Flatten', 'flat', ['means'], ['flat']),
    makeNode('Mul', 'logits', ['flat', 'gain'], ['output']),
  );
  graph.outputs.push({ name: 'output', dataType: 'float32', shape: [1, shape[1] ?? 3] });
  return testModel(graph);
}

/**
 * Writes the model as a folder that `--model` takes.
 *
 * @returns the folder.
 */
export async function writeColourModel(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeOnnx(join(folder, 'colours.onnx'), colourModel());
  await writeFile(join(folder, 'labels.txt'), `${COLOURS.join('\n')}\n`);
  await writeFile(join(folder, 'manifest.yaml'), MANIFEST);
  return folder;
}

const MANIFEST = `name: colours
title: Mean colours
description: The mean red, green and blue of a picture.
licence: Apache-2.0
sources: []
input:
  width_px: 224
  height_px: 224
  layout: nchw
  color: rgb
  mean: [123.675, 116.28, 103.53]
  scale: [0.01712475, 0.017507, 0.01742919]
preprocess: { resize_mode: stretch, resize_short_side_px: 256, pad_value: 127, range: full }
output: { class_count: 3, activation: logits }
labels: labels.txt
files:
  onnx: { file: colours.onnx }
`;
