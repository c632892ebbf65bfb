import { readFileSync } from 'node:fs';
import { asEffvitError, EffvitError } from '../../core/EffvitError.js';
import { packagePath } from '../../core/packageRoot.js';
import { STANDARD_DEFINITIONS } from './standardDefinitions.js';

/** Folders of the .msg files by package; bags embed the same files that the ROS build compiles. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  effvit: ['msg'],
  vision_msgs: ['ros', 'vision_msgs', 'msg'],
  ai_msgs: ['ros', 'ai_msgs', 'msg'],
};

/** `pkg/msg/Name` with names that ROS allows, so that a type cannot leave its folder. */
const TYPE = /^([a-z][a-z0-9_]*)\/msg\/([A-Z][A-Za-z0-9]*)$/;

/** The type of a field line: `Name`, `pkg/Name`, then perhaps a bound or an array, then the field's name. */
const FIELD = /^\s*([A-Za-z][\w/]*)(?:<=\d+)?(?:\[[^\]]*\])?\s+[a-z]\w*/;

const SEPARATOR = '='.repeat(80);

const cache = new Map<string, string>();

/**
 * The full definition of a message type as bags embed it (MCAP's `ros2msg`): its own text, then that of every
 * type it is made of.
 *
 * @param type E.g. `effvit/msg/FrameReport`.
 * @throws EffvitError NOT_FOUND: no definition of that type here; BAD_ARGUMENT: no type name
 */
export function messageDefinition(type: string): string {
  const known = cache.get(type);
  if (known !== undefined) return known;
  const parts = new Map<string, string>();
  const waiting = [type];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    if (parts.has(next)) continue;
    const text = ownDefinition(next);
    parts.set(next, text);
    waiting.push(...partsOf(next, text));
  }
  const [root = '', ...others] = [...parts].map(([name, text], at) =>
    at === 0 ? text.trimEnd() : `${SEPARATOR}\nMSG: ${name.replace('/msg/', '/')}\n${text.trimEnd()}`,
  );
  const full = `${[root, ...others].join('\n')}\n`;
  cache.set(type, full);
  return full;
}

function ownDefinition(type: string): string {
  const standard = STANDARD_DEFINITIONS.get(type);
  if (standard !== undefined) return standard;
  const [, packageName = '', name = ''] = TYPE.exec(type) ?? [];
  if (name === '') throw new EffvitError('BAD_ARGUMENT', `'${type}' is no message type like pkg/msg/Name.`);
  const folder = FOLDERS[packageName];
  if (folder === undefined) throw new EffvitError('NOT_FOUND', `There is no definition of ${type}.`);
  const path = packagePath(...folder, `${name}.msg`);
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw asEffvitError(error, 'NOT_FOUND', `There is no definition of ${type} at ${path}`, { file: path });
  }
}

/** Full names of the message types among a definition's fields. */
function partsOf(type: string, text: string): string[] {
  const packageName = type.slice(0, type.indexOf('/'));
  return text.split('\n').flatMap((line) => {
    const name = FIELD.exec(line)?.[1];
    if (name === undefined || /^[a-z]\w*$/.test(name)) return [];
    const [first = '', second] = name.split('/');
    return [second === undefined ? `${packageName}/msg/${first}` : `${first}/msg/${second}`];
  });
}
