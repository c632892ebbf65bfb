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

export function stringAttr(value: string): OnnxAttribute {
  return { type: 'string', value };
}

export function tensorAttr(value: OnnxTensor): OnnxAttribute {
  return { type: 'tensor', value };
}

/** The attribute as a number, or `fallback` where the node has none. @throws EffvitError BAD_MODEL for another type */
export function getInt(node: OnnxNode, name: string, fallback: number): number {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return fallback;
  return Number(expectType(node, name, attribute, 'int').value);
}

/** As {@link getInt}, for a list. */
export function getInts(node: OnnxNode, name: string, fallback: readonly number[]): readonly number[] {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return fallback;
  return expectType(node, name, attribute, 'ints').value.map(Number);
}

/** As {@link getInt}, for a float. */
export function getFloat(node: OnnxNode, name: string, fallback: number): number {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return fallback;
  return expectType(node, name, attribute, 'float').value;
}

/** As {@link getInt}, for a string. */
export function getString(node: OnnxNode, name: string, fallback: string): string {
  const attribute = node.attributes.get(name);
  if (attribute === undefined) return fallback;
  return expectType(node, name, attribute, 'string').value;
}

/** The attribute's tensor, or null if the node has none. */
export function getTensor(node: OnnxNode, name: string): OnnxTensor | null {
  const attribute = node.attributes.get(name);
  return attribute === undefined ? null : expectType(node, name, attribute, 'tensor').value;
}

function expectType<T extends OnnxAttribute['type']>(
  node: OnnxNode,
  name: string,
  attribute: OnnxAttribute,
  type: T,
): Extract<OnnxAttribute, { type: T }> {
  if (attribute.type !== type) {
    throw new EffvitError(
      'BAD_MODEL',
      `Expected ${type} for attribute ${name} of ${node.opType} node ${JSON.stringify(node.name)} but received ${attribute.type}.`,
      { context: { graphName: node.name } },
    );
  }
  return attribute as Extract<OnnxAttribute, { type: T }>;
}
