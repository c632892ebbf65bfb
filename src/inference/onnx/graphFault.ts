import { EffvitError, sentencePart } from '../../core/EffvitError.js';
import type { OnnxBackendSpec } from '../BackendSpec.js';

/** A dimension is a number, or a name or undefined if the graph leaves it open. */
export type Shape = readonly (number | string | undefined)[];

/** PaddlePaddle writes -1 for an open dimension. */
export function isKnown(dim: number | string | undefined): dim is number {
  return typeof dim === 'number' && dim >= 0;
}

export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, dim) => product * dim, 1);
}

/** E.g. `[batch, 3, 224, 224]`. */
export function spell(shape: Shape): string {
  return `[${shape.map((dim) => (dim === undefined || dim === '' || dim === -1 ? '?' : dim)).join(', ')}]`;
}

/** The error for a model file that does not fit the spec, with the remedy. */
export function bad({ modelPath }: OnnxBackendSpec, what: string, remedy: string): EffvitError {
  return new EffvitError('BAD_MODEL', `${modelPath} ${what}: ${remedy}.`, { context: { file: modelPath } });
}

/** ONNX Runtime's messages for files that are too new or incomplete, with the remedies. */
const KNOWN: readonly (readonly [pattern: RegExp, sentence: (first: string, second: string) => string])[] = [
  [
    /External data path does not exist: "?([^"\n]+?)"?(?:$|\n)/,
    (file) => `has its weights in ${file}, which is not there: put it beside the model`,
  ],
  [
    /Unsupported model IR version: (\d+), max supported IR version: (\d+)/,
    (version, max) =>
      `has ONNX IR version ${version} and this ONNX Runtime reads up to ${max}: write it with an older onnx package, or with model.ir_version = ${max}`,
  ],
  [
    /Opset (\d+) is under development.* is till opset (\d+)/,
    (version, max) =>
      `uses operators of opset ${version} and this ONNX Runtime has them up to ${max}: export it with opset_version=17`,
  ],
];

/** Why ONNX Runtime does not load a model, as a sentence about its file. @param message from ONNX Runtime. */
export function loadFault(modelPath: string, message: string): string {
  for (const [pattern, sentence] of KNOWN) {
    const match = pattern.exec(message);
    if (match !== null) return `${modelPath} ${sentence(match[1] ?? '', match[2] ?? '')}.`;
  }
  return `ONNX Runtime cannot load ${modelPath}: ${sentencePart(message)}. Give an .onnx classifier.`;
}
