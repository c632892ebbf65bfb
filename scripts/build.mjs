// Compiles TypeScript with tsc and, where a folder src/**/assembly holds AssemblyScript, that to WebAssembly;
// copies the browser's files of src/**/page; parses the manifests that ship.
// Quick when nothing changed: tsc and asc run only when a source is newer than the stamp of the last build.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, 'build', '.stamp');

function newestChangeMs(path) {
  const info = statSync(path, { throwIfNoEntry: false });
  if (info === undefined) return 0;
  if (!info.isDirectory()) return info.mtimeMs;
  return Math.max(info.mtimeMs, ...readdirSync(path).map((name) => newestChangeMs(join(path, name))));
}

function run(script, args) {
  const done = spawnSync(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  if (done.status !== 0) process.exit(done.status ?? 1);
}

function* foldersNamed(name, folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    if (entry.name === name) yield path;
    else yield* foldersNamed(name, path);
  }
}

/** Removes compiled files whose source was renamed or removed: their tests would still run, and imports would find them. */
function removeOrphans(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      removeOrphans(path);
      continue;
    }
    const stem = /^(.+?)(?:\.d\.ts|\.js|\.js\.map)$/.exec(path)?.[1];
    if (stem === undefined) continue;
    const source = join(root, relative(join(root, 'build'), stem));
    if (!existsSync(`${source}.ts`) && !existsSync(`${source}.js`)) rmSync(path);
  }
}

/** Writes the bundled manifests as JSON, by the SHA-256 of their text: see src/model/loadManifest.ts. */
async function parseManifests() {
  const { parseManifest } = await import('../build/src/model/parseManifest.js');
  const parsed = {};
  for (const name of readdirSync(join(root, 'models'))) {
    const path = join(root, 'models', name, 'manifest.yaml');
    if (!existsSync(path)) continue;
    const text = readFileSync(path);
    parsed[createHash('sha256').update(text).digest('hex')] = parseManifest(text.toString(), path);
  }
  writeFileSync(join(root, 'build', 'manifests.json'), JSON.stringify(parsed));
}

/** What tsconfig.json includes. */
const compiled = ['src', 'test', 'training', 'examples'];
const sources = [...compiled, 'models', 'tsconfig.json', 'package-lock.json', 'scripts/build.mjs'];
const newest = Math.max(...sources.map((name) => newestChangeMs(join(root, name))));
const builtMs = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
if (newest > builtMs || process.argv.includes('--force')) {
  const startedMs = Date.now();
  for (const folder of foldersNamed('assembly', join(root, 'src'))) {
    const out = join(root, 'build', relative(root, dirname(folder)));
    mkdirSync(out, { recursive: true });
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.asm.ts'))) {
      const ownConfig = join(folder, name.replace('.asm.ts', '.asconfig.json'));
      run('assemblyscript/bin/asc.js', [
        relative(root, join(folder, name)),
        '--config',
        relative(root, existsSync(ownConfig) ? ownConfig : join(folder, 'asconfig.json')),
        '--outFile',
        relative(root, join(out, name.replace('.asm.ts', '.wasm'))),
      ]);
    }
  }
  run('typescript/bin/tsc', ['-p', 'tsconfig.json']);
  for (const name of compiled) removeOrphans(join(root, 'build', name));
  // Files for the browser are not compiled: reports include them as text.
  for (const folder of foldersNamed('page', join(root, 'src'))) {
    const out = join(root, 'build', relative(root, folder));
    mkdirSync(out, { recursive: true });
    for (const name of readdirSync(folder)) copyFileSync(join(folder, name), join(out, name));
  }
  await parseManifests();
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, '');
  // The time the build started, so that a source saved while it ran counts as newer.
  utimesSync(stamp, startedMs / 1000, startedMs / 1000);
}
