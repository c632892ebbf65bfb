import type { InferenceSession } from 'onnxruntime-node';
import { nv12Bytes } from '../../image/TensorOptions.js';
import type { OnnxBackendSpec } from '../BackendSpec.js';
import { chooseOutput, type GraphOutput } from './chooseOutput.js';
import { bad, countOf, isKnown, type Shape, spell } from './graphFault.js';
import { INPUT_TYPES, type InputType } from './InputTensor.js';

/** Inputs and outputs of a run; all dimensions are known except possibly the output's. */
export interface GraphContract {
  readonly inputName: string;
  readonly inputType: InputType;
  readonly inputShape: readonly number[];
  readonly output: GraphOutput;
}

type TensorMetadata = InferenceSession.TensorValueMetadata;

/** Compares a loaded graph with the spec. @throws EffvitError BAD_MODEL naming the differences. */
export function checkGraph(spec: OnnxBackendSpec, session: InferenceSession): GraphContract {
  const input = onlyInput(spec, session);
  const contract = {
    inputName: input.name,
    inputType: inputType(spec, input),
    inputShape: spec.input.color === 'nv12' ? nv12Shape(spec, input) : rgbShape(spec, input),
    output: chooseOutput(spec, session.outputMetadata),
  };
  if ((spec.mostFrames ?? 1) > 1 && isKnown(input.shape[0])) {
    throw bad(
      spec,
      `takes ${spell(input.shape)} at input ${input.name}, one frame a run`,
      'export it with an open batch, or set onnx_batch (--onnx-batch) to 1',
    );
  }
  return contract;
}

function onlyInput(spec: OnnxBackendSpec, { inputMetadata }: InferenceSession): TensorMetadata {
  const names = inputMetadata.map(({ name }) => name).join(', ');
  const [input, ...others] = inputMetadata;
  if (input === undefined || others.length > 0) {
    throw bad(
      spec,
      `takes ${inputMetadata.length} inputs (${names}), not one picture`,
      'export it with the others as constants',
    );
  }
  if (spec.input.name !== undefined && spec.input.name !== input.name) {
    throw bad(
      spec,
      `has no input ${spec.input.name}, only ${names}`,
      'correct input.name in its manifest.yaml',
    );
  }
  if (!input.isTensor) throw bad(spec, `has an input ${input.name} that is no tensor`, 'give a classifier');
  return input;
}

function inputType(spec: OnnxBackendSpec, { name, type }: TensorMetadata): InputType {
  const { color, mean, scale } = spec.input;
  const allowed = color === 'nv12' ? (['uint8'] as const) : INPUT_TYPES;
  const found = allowed.find((known) => known === type);
  if (found === undefined) {
    throw bad(
      spec,
      `takes ${type} at input ${name}, not ${allowed.join(', ')} as color ${color} has it`,
      'export it with such an input',
    );
  }
  const isPlain = mean.every((value) => value === 0) && scale.every((value) => value === 1);
  if (color !== 'nv12' && found === 'uint8' && !isPlain) {
    throw bad(
      spec,
      `takes uint8 pixels at input ${name}, so it normalises them itself`,
      'write `input: { mean: [0, 0, 0], scale: [1, 1, 1] }` in its manifest.yaml',
    );
  }
  return found;
}

function rgbShape(spec: OnnxBackendSpec, input: TensorMetadata): number[] {
  const { widthPx, heightPx, layout } = spec.input;
  const wanted = shapeIn(layout, widthPx, heightPx);
  // Open dimensions of the graph get the spec's size.
  const fits = (shape: readonly number[]): boolean =>
    input.shape.length === 4 &&
    shape.every((dim, axis) => !isKnown(input.shape[axis]) || input.shape[axis] === dim);
  if (fits(wanted)) return wanted;
  const at = `takes ${spell(input.shape)} at input ${input.name}`;
  const [batch] = input.shape;
  if (isKnown(batch) && batch > 1 && input.shape.length === 4) {
    throw bad(
      spec,
      `${at}: a fixed batch of ${batch}, and frames come one by one`,
      'export it with a batch of 1, or with an open one',
    );
  }
  const not = `${at}, not the ${layout} ${spell(wanted)}`;
  const size = sizeOf(input.shape);
  if (size === undefined) throw bad(spec, not, 'give a classifier of colour pictures');
  const line = `width_px: ${size.widthPx ?? widthPx}, height_px: ${size.heightPx ?? heightPx}, layout: ${size.layout}`;
  throw bad(spec, not, `write \`input: { ${line} }\` in its manifest.yaml`);
}

function shapeIn(layout: 'nchw' | 'nhwc', widthPx: number, heightPx: number): number[] {
  return layout === 'nchw' ? [1, 3, heightPx, widthPx] : [1, heightPx, widthPx, 3];
}

/** Layout and size of a shape of colour pictures; undefined for other shapes. */
function sizeOf(shape: Shape) {
  const number = (dim: number | string | undefined): number | undefined => (isKnown(dim) ? dim : undefined);
  if (shape.length !== 4) return undefined;
  if (shape[1] === 3) {
    return { layout: 'nchw', heightPx: number(shape[2]), widthPx: number(shape[3]) } as const;
  }
  if (shape[3] === 3) {
    return { layout: 'nhwc', heightPx: number(shape[1]), widthPx: number(shape[2]) } as const;
  }
  return undefined;
}

function nv12Shape(spec: OnnxBackendSpec, input: TensorMetadata): number[] {
  const { widthPx, heightPx } = spec.input;
  const shape: Shape = input.shape;
  const dims = shape.map((dim, axis) => (!isKnown(dim) && axis === 0 ? 1 : dim));
  const known = dims.filter(isKnown);
  const wantedBytes = nv12Bytes(widthPx, heightPx);
  if (known.length !== dims.length || countOf(known) !== wantedBytes) {
    throw bad(
      spec,
      `takes ${spell(shape)} at input ${input.name}, not the ${wantedBytes} bytes of NV12 ${widthPx}x${heightPx}`,
      'correct input.width_px and input.height_px in its manifest.yaml',
    );
  }
  return known;
}
