import { EffvitError } from '../core/EffvitError.js';
import type { OnnxAttribute, OnnxNode, OnnxTensor } from './OnnxModel.js';

export function intAttr(value: number | bigint): OnnxAttribute {
  return { type: 'int', value };
}

export function intsAttr(value: readonly number[]): OnnxAttribute {
  return { type: 'ints', value };
}

export function floatAttr(value: number): OnnxAttribute {
  return { type: 'float', value };
}

/** The attribute as a number, or `fallback` where the node has none. @throws EffvitError BAD_MODEL for another type */
export function getInt(node: OnnxNode, name: string, fallback: number): number {
  return Number(attributeOf(node, name, 'int')?.value ?? fallback);
}

/** As {@link getInt}, for a list. */
export function getInts(node: OnnxNode, name: string, fallback: readonly number[]): readonly number[] {
  return attributeOf(node, name, 'ints')?.value.map(Number) ?? fallback;
}

/** As {@link getInt}, for a float. */
export function getFloat(node: OnnxNode, name: string, fallback: number): number {
  return attributeOf(node, name, 'float')?.value ?? fallback;
}

/** As {@link getInt}, for a string. */
export function getString(node: OnnxNode, name: string, fallback: string): string {
  return attributeOf(node, name, 'string')?.value ?? fallback;
}

/** The attribute's tensor, or null if the node has none. */
export function getTensor(node: OnnxNode, name: string): OnnxTensor | null {
  return attributeOf(node, name, 'tensor')?.value ?? null;
}

function attributeOf<T extends OnnxAttribute['type']>(
  node: OnnxNode,
  name: string,
  type: T,
): Extract<OnnxAttribute, { type: T }> | undefined {
  const attribute = node.attributes.get(name);
  if (attribute === undefined || attribute.type === type) {
    return attribute as Extract<OnnxAttribute, { type: T }> | undefined;
  }
  throw new EffvitError(
    'BAD_MODEL',
    `Expected ${type} for attribute ${name} of ${node.opType} node ${JSON.stringify(node.name)} but received ${attribute.type}.`,
    { context: { graphName: node.name } },
  );
}
