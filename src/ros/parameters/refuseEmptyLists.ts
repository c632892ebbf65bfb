import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { EffvitError } from '../../core/EffvitError.js';
import { isKeyOf } from '../patches/nodeWithParameterFiles.js';

const RULE_OF_EMPTY_LIST = /^([^:]+):=\s*\[\s*\]$/;

/** Refuses empty lists, which ROS silently ignores in arguments and parameter files. @throws EffvitError BAD_CONFIG */
export function refuseEmptyLists(rosArguments: readonly string[], fullName: string): void {
  for (const [index, argument] of rosArguments.entries()) {
    const [, name] = RULE_OF_EMPTY_LIST.exec(argument) ?? [];
    if (name !== undefined) refuse(name, 'the command line');
    const file = argument === '--params-file' ? rosArguments[index + 1] : undefined;
    const found = file === undefined ? undefined : emptyListIn(readParameters(file), '', fullName);
    if (file !== undefined && found !== undefined) refuse(found, file);
  }
}

function refuse(parameter: string, place: string): never {
  throw new EffvitError(
    'BAD_CONFIG',
    `${parameter} in ${place} is an empty list, which ROS passes over: name at least one, or leave it out for the default.`,
  );
}

/** rcl has already read the file and would have refused invalid YAML. */
function readParameters(file: string): unknown {
  try {
    return parse(readFileSync(file, 'utf8'), { logLevel: 'silent' });
  } catch {
    return undefined;
  }
}

/** The first parameter of the node that is an empty list. Keys are full names, or namespaces that contain names. */
function emptyListIn(value: unknown, key: string, fullName: string): string | undefined {
  if (!isMapping(value)) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    let found: string | undefined;
    if (name !== 'ros__parameters') {
      found = emptyListIn(inner, `${key}/${name.replace(/^\//, '')}`, fullName);
    } else if (isKeyOf(fullName, key) && isMapping(inner)) {
      found = Object.keys(inner).find((parameter) => {
        const list = inner[parameter];
        return Array.isArray(list) && list.length === 0;
      });
    }
    if (found !== undefined) return found;
  }
  return undefined;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
