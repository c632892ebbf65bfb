import { PARAMETER_TYPE, type RclModule, type RclNode, type RclParameter } from '../rcl/rcl.js';
import { type Addon, loadedAddon, type ParameterFileEntry } from './loadedAddon.js';

/** What rclnodejs's Node calls inside its constructor, and what that needs. */
interface OverridingNode extends RclNode {
  readonly context: { readonly handle: unknown };
  _getNativeParameterOverrides(): Map<string, RclParameter>;
}

/** True when a key of a parameter file, which may hold the wildcards `*` and `**`, speaks of the node. */
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
 * The parameters for a node out of all keys, as rclcpp takes them: of two keys that speak of the node the later one
 * wins, however wide it is. rcl lists a key where it came first on the command line, and files what `-p` gives under
 * `/**`, so an argument goes over a file unless the file has `/**` and then the node's name.
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

/** The keys of parameter files none of which speaks of the node; empty where one does, or there are no files. */
export function foreignParameterKeys(node: object): readonly string[] {
  return foreignKeys.get(node) ?? [];
}

/**
 * rclnodejs's Node, for which parameter files may name the node in every way of ROS. rclnodejs 2.2 compares a file's
 * key with the bare name alone, so what a launch file gives, which stands under `/namespace/name`, was lost.
 */
export function nodeWithParameterFiles(
  rcl: RclModule,
  addon: Pick<Addon, 'getParameterOverrides'> | undefined = loadedAddon(),
): RclModule['Node'] {
  if (addon === undefined) return rcl.Node;
  const Base = rcl.Node as new (...args: ConstructorParameters<RclModule['Node']>) => OverridingNode;
  return class extends Base {
    override _getNativeParameterOverrides(): Map<string, RclParameter> {
      const entries = addon.getParameterOverrides(this.context.handle) ?? [];
      const parent = this.namespace() === '/' ? '' : this.namespace();
      const parameters = parametersFor(`${parent}/${this.name()}`, entries);
      // Arguments come under the widest key, which every node has.
      const keys = entries.map(({ name }) => name).filter((name) => name !== '/**');
      if (!keys.some((key) => isKeyOf(`${parent}/${this.name()}`, key))) foreignKeys.set(this, keys);
      return new Map(
        parameters.map(({ name, type, value }) => {
          // The native part reads integers as numbers, and rclnodejs refuses a list of them.
          const isIntegers = type === PARAMETER_TYPE.integerArray && Array.isArray(value);
          return [name, new rcl.Parameter(name, type, isIntegers ? value.map(BigInt) : value)] as const;
        }),
      );
    }
  };
}
