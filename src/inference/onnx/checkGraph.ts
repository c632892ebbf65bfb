import type { InferenceSession } from 'onnxruntime-node';
import { EffvitError } from '../../core/EffvitError.js';
import type { OnnxBackendSpec } from '../BackendSpec.js';

/** What a run hands over and gets back, all dimensions known but perhaps the output's. */
export interface GraphContract {
  readonly inputName: string;
  readonly inputShape: readonly number[];
  readonly outputName: string;
  /** Undefined where the graph tells its output's size only when it runs. */
  readonly outputShape: readonly number[] | undefined;
}

type Metadata = InferenceSession.ValueMetadata;
type TensorMetadata = InferenceSession.TensorValueMetadata;
/** A dimension is a number, or a name (or nothing) where the graph leaves it open. */
type Shape = readonly (number | string | undefined)[];

/** Holds a loaded graph against the spec. @throws EffvitError BAD_MODEL naming what differs. */
export function checkGraph(spec: OnnxBackendSpec, session: InferenceSession): GraphContract {
  const input = pick(spec, 'input', session.inputMetadata, spec.input.name);
  if (session.inputMetadata.length > 1) {
    throw bad(
      spec,
      `takes ${session.inputMetadata.length} inputs (${names(session.inputMetadata)}), not one`,
    );
  }
  const output = pick(spec, 'output', session.outputMetadata, spec.outputName);
  const wantedType = spec.input.color === 'nv12' ? 'uint8' : 'float32';
  if (input.type !== wantedType) {
    throw bad(
      spec,
      `takes ${input.type} at input ${input.name}, not the ${wantedType} of color ${spec.input.color}`,
    );
  }
  if (output.type !== 'float32') {
    throw bad(spec, `gives ${output.type} at output ${output.name}, not float32`);
  }
  return {
    inputName: input.name,
    inputShape: spec.input.color === 'nv12' ? nv12Shape(spec, input) : rgbShape(spec, input),
    outputName: output.name,
    outputShape: vectorShape(spec, output.name, output.shape),
  };
}

/**
 * The shape of one vector of classes, e.g. [1, 1000] or [1, 1000, 1, 1]; an open first dimension is the
 * batch, any other open one makes the result undefined.
 *
 * @throws EffvitError BAD_MODEL for anything else, and for another count than the spec's.
 */
export function vectorShape(spec: OnnxBackendSpec, name: string, shape: Shape): number[] | undefined {
  const dims = shape.map((dim, axis) => (typeof dim !== 'number' && axis === 0 ? 1 : dim));
  if (!dims.every((dim) => typeof dim === 'number')) return undefined;
  const classCount = countOf(dims);
  if (classCount === 0 || dims.filter((dim) => dim !== 1).length > 1) {
    throw bad(spec, `gives ${spell(shape)} at output ${name}, not one score a class`);
  }
  if (spec.classCount !== undefined && spec.classCount !== classCount) {
    throw bad(
      spec,
      `gives ${classCount} classes at output ${name}, not the ${spec.classCount} of its manifest`,
    );
  }
  return dims;
}

export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

function pick(
  spec: OnnxBackendSpec,
  what: 'input' | 'output',
  values: readonly Metadata[],
  name: string | undefined,
): TensorMetadata {
  if (name === undefined && values.length !== 1) {
    throw bad(spec, `has ${values.length} ${what}s (${names(values)}), not one: name the one to use`);
  }
  const found = name === undefined ? values[0] : values.find((value) => value.name === name);
  if (found === undefined) throw bad(spec, `has no ${what} ${name}, only ${names(values)}`);
  if (!found.isTensor) throw bad(spec, `has an ${what} ${found.name} that is no tensor`);
  return found;
}

function rgbShape(spec: OnnxBackendSpec, input: TensorMetadata): number[] {
  const { widthPx, heightPx, layout } = spec.input;
  const wanted = layout === 'nchw' ? [1, 3, heightPx, widthPx] : [1, heightPx, widthPx, 3];
  // What the graph leaves open takes the spec's size.
  const fits =
    input.shape.length === 4 &&
    wanted.every((dim, axis) => typeof input.shape[axis] !== 'number' || input.shape[axis] === dim);
  if (!fits) {
    throw bad(spec, `takes ${spell(input.shape)} at input ${input.name}, not the ${layout} ${spell(wanted)}`);
  }
  return wanted;
}

function nv12Shape(spec: OnnxBackendSpec, input: TensorMetadata): number[] {
  const { widthPx, heightPx } = spec.input;
  const shape: Shape = input.shape;
  const dims = shape.map((dim, axis) => (typeof dim !== 'number' && axis === 0 ? 1 : dim));
  const known = dims.filter((dim) => typeof dim === 'number');
  const wantedBytes = (widthPx * heightPx * 3) / 2;
  if (known.length !== dims.length || countOf(known) !== wantedBytes) {
    throw bad(
      spec,
      `takes ${spell(shape)} at input ${input.name}, not the ${wantedBytes} bytes of NV12 ${widthPx}x${heightPx}`,
    );
  }
  return known;
}

function names(values: readonly Metadata[]): string {
  return values.map((value) => value.name).join(', ');
}

function spell(shape: Shape): string {
  return `[${shape.map((dim) => (dim === undefined || dim === '' ? '?' : dim)).join(', ')}]`;
}

function bad(spec: OnnxBackendSpec, what: string): EffvitError {
  return new EffvitError(
    'BAD_MODEL',
    `${spec.modelPath} ${what}: correct its manifest or give another model.`,
  );
}
