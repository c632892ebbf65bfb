import type { InferenceSession } from 'onnxruntime-node';
import type { OnnxBackendSpec } from '../BackendSpec.js';
import { bad, countOf, isKnown, type Shape, spell } from './graphFault.js';

/** Element types that scores may have. */
const OUTPUT_TYPES = ['float32', 'float16'] as const;

export type OutputType = (typeof OUTPUT_TYPES)[number];

export interface GraphOutput {
  readonly name: string;
  readonly type: OutputType;
  /** Undefined if the graph does not declare its output size. */
  readonly shape: readonly number[] | undefined;
}

type Metadata = InferenceSession.ValueMetadata;

/**
 * The output with the scores: the one named in the spec, else the only output with one score per class of the spec.
 *
 * @throws EffvitError BAD_MODEL naming the outputs and the line of manifest.yaml that selects one.
 */
export function chooseOutput(spec: OnnxBackendSpec, values: readonly Metadata[]): GraphOutput {
  const { outputName } = spec;
  const all = values.map(describe).join(', ');
  if (outputName !== undefined) {
    const named = values.find(({ name }) => name === outputName);
    if (named === undefined) {
      throw bad(spec, `has no output ${outputName}, only ${all}`, 'correct output.name in its manifest.yaml');
    }
    return checkOutput(spec, named);
  }
  const [first, ...others] = values;
  if (first === undefined) throw bad(spec, 'has no output', 'give another model');
  if (others.length === 0) return checkOutput(spec, first);
  const fitting = values.filter((value) => mayHoldScores(spec, value));
  const [only, another] = fitting;
  if (only !== undefined && another === undefined) return checkOutput(spec, only);
  const which = fitting.length === 0 ? 'none has one score a class' : 'more than one may have the scores';
  throw bad(
    spec,
    `has ${values.length} outputs (${all}), and ${which}`,
    `name the one to use by the line \`output: { name: ${(another ?? first).name} }\` in a manifest.yaml beside it`,
  );
}

function mayHoldScores({ classCount }: OnnxBackendSpec, value: Metadata): boolean {
  if (!value.isTensor || !isOutputType(value.type)) return false;
  const dims = knownDims(value.shape);
  return dims === undefined || (isVector(dims) && (classCount ?? countOf(dims)) === countOf(dims));
}

function checkOutput(spec: OnnxBackendSpec, value: Metadata): GraphOutput {
  const { name } = value;
  if (!value.isTensor) throw bad(spec, `has an output ${name} that is no tensor`, 'give another model');
  if (!isOutputType(value.type)) {
    throw bad(
      spec,
      `gives ${value.type} at output ${name}, not the scores as ${OUTPUT_TYPES.join(' or ')}`,
      'export it without what follows the scores (ArgMax, TopK)',
    );
  }
  return { name, type: value.type, shape: vectorShape(spec, name, value.shape) };
}

/**
 * The shape of one vector of classes, e.g. [1, 1000] or [1, 1000, 1, 1]. An open first dimension is the batch; any
 * other open dimension makes the result undefined.
 *
 * @throws EffvitError BAD_MODEL for other shapes, and if the count differs from the spec's.
 */
export function vectorShape(spec: OnnxBackendSpec, name: string, shape: Shape): number[] | undefined {
  const dims = knownDims(shape);
  if (dims === undefined) return undefined;
  const classCount = countOf(dims);
  if (!isVector(dims)) {
    throw bad(
      spec,
      `gives ${spell(shape)} at output ${name}, not one score a class`,
      'give a classifier, or name another output by output.name in a manifest.yaml beside it',
    );
  }
  if (spec.classCount !== undefined && spec.classCount !== classCount) {
    throw bad(
      spec,
      `gives ${classCount} classes at output ${name}, not the ${spec.classCount} of its manifest`,
      'correct output.class_count in its manifest.yaml',
    );
  }
  return dims;
}

function knownDims(shape: Shape): number[] | undefined {
  const dims = shape.map((dim, axis) =>
    typeof dim !== 'number' && axis === 0 && shape.length > 1 ? 1 : dim,
  );
  return dims.every(isKnown) ? dims : undefined;
}

function isVector(dims: readonly number[]): boolean {
  return countOf(dims) > 0 && dims.filter((dim) => dim !== 1).length <= 1;
}

function isOutputType(type: string): type is OutputType {
  return OUTPUT_TYPES.some((known) => known === type);
}

function describe(value: Metadata): string {
  return value.isTensor ? `${value.name} ${value.type} ${spell(value.shape)}` : value.name;
}
