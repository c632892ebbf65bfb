import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EffvitError } from './EffvitError.js';

function findPackageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    // build/ has no package.json of its own, so the first one upwards is the package's.
    if (existsSync(join(folder, 'package.json'))) return folder;
    const parent = dirname(folder);
    if (parent === folder) {
      throw new EffvitError('INTERNAL', 'No package.json above the compiled files: reinstall effvit.');
    }
    folder = parent;
  }
}

/** Absolute path of the installed package, which contains `models/`, `config/` and `launch/`. */
export const packageRoot: string = findPackageRoot();

/** An absolute path inside the package, e.g. `packagePath('models', 'efficientvit_m5')`. */
export function packagePath(...segments: string[]): string {
  return join(packageRoot, ...segments);
}
