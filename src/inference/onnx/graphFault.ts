import { EffvitError } from '../../core/EffvitError.js';
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
