import {
  PARAMETER_TYPE,
  type RclModule,
  type RclNode,
  type RclNodeClass,
  type RclParameter,
} from '../rcl/rcl.js';
import { type Addon, loadedAddon, type ParameterFileEntry } from './loadedAddon.js';

/** The method that rclnodejs's Node calls in its constructor, and the members that it needs. */
interface OverridingNode extends RclNode {
  readonly context: { readonly handle: unknown };
  _getNativeParameterOverrides(): Map<string, RclParameter>;
}

/** Whether a key of a parameter file, which may contain the wildcards `*` and `**`, matches the node. */
export function isKeyOf(fullName: string, key: string): boolean {
  const whole = key.startsWith('/') ? key : `/${key}`;
  const pattern = whole
    .split('/')
    .slice(1)
    .map((part) =>
      part === '**' ? '(?:/\\w+)*' : part === '*' ? '/\\w+' : `/${part.replace(/\W/g, '\\$&')}`,
    )
    .join('');
  return new RegExp(`^${pattern}$`).test(fullName);
}

/**
 * Selects the parameters for a node from all keys, as rclcpp does: of two matching keys the later one wins, however
 * general it is. rcl lists a key at its first position on the command line and stores `-p` arguments under `/**`. So
 * an argument overrides a file, unless the file has `/**` followed by the node's name.
 */
export function parametersFor(
  fullName: string,
  entries: readonly ParameterFileEntry[],
): ParameterFileEntry['parameters'] {
  const found = new Map<string, ParameterFileEntry['parameters'][number]>();
  for (const entry of entries) {
    if (!isKeyOf(fullName, entry.name)) continue;
    for (const parameter of entry.parameters) found.set(parameter.name, parameter);
  }
  return [...found.values()];
}

const foreignKeys = new WeakMap<object, readonly string[]>();

/** The keys of the parameter files if none of them matches the node; empty if one does or there are no files. */
export function foreignParameterKeys(node: object): readonly string[] {
  return foreignKeys.get(node) ?? [];
}

/**
 * rclnodejs's Node with support for all forms of node names in parameter files. rclnodejs 2.2 compares file keys only
 * with the bare name, so parameters from launch files, which use `/namespace/name`, would be lost.
 */
export function nodeWithParameterFiles(
  rcl: RclModule,
  addon: Pick<Addon, 'getParameterOverrides'> | undefined = loadedAddon(),
): RclNodeClass {
  if (addon === undefined) return rcl.Node;
  const Base = rcl.Node as RclNodeClass<OverridingNode>;
  return class extends Base {
    override _getNativeParameterOverrides(): Map<string, RclParameter> {
      const entries = addon.getParameterOverrides(this.context.handle) ?? [];
      const parent = this.namespace() === '/' ? '' : this.namespace();
      const fullName = `${parent}/${this.name()}`;
      // Command-line arguments use the most general key, which matches every node.
      const keys = entries.map(({ name }) => name).filter((name) => name !== '/**');
      if (!keys.some((key) => isKeyOf(fullName, key))) foreignKeys.set(this, keys);
      return new Map(
        parametersFor(fullName, entries).map(({ name, type, value }) => {
          // The native part reads integers as numbers, but rclnodejs refuses a list of numbers for integers.
          const isIntegers = type === PARAMETER_TYPE.integerArray && Array.isArray(value);
          return [name, new rcl.Parameter(name, type, isIntegers ? value.map(BigInt) : value)] as const;
        }),
      );
    }
  };
}
