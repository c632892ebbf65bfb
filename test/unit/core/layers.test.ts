import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { packagePath } from '../../../src/core/packageRoot.js';

/** A layer imports only from itself and from those before it; those in one set do not know one another. */
const LAYERS: readonly (readonly string[])[] = [
  ['core'],
  ['toolchain'],
  ['stats'],
  ['image'],
  ['video'],
  ['onnx', 'weights'],
  ['model'],
  ['efficientvit', 'fit'],
  ['fetch'],
  ['inference'],
  ['pool'],
  ['classify'],
  ['annotate', 'messages'],
  ['web'],
  ['bag', 'ros', 'inspect', 'quantize', 'report'],
  ['compile', 'fleet'],
  ['cli'],
];

/** Packages that only one part of the program may touch. */
const OWNERS: Readonly<Record<string, string>> = {
  rclnodejs: 'ros/',
  koffi: 'image/ or inference/ or ros/images/',
  protobufjs: 'onnx/ or bag/images',
  'onnxruntime-node': 'inference/onnx/ or inspect/ or quantize/',
};

/** Packages with native parts: only core/loadNative loads them, everything else imports their types. */
const NATIVES = ['rclnodejs', 'koffi', 'onnxruntime-node', 'sharp'];

/** Start of the commands that must be quick, and must run on a machine where next to nothing is installed. */
const LIGHT = ['cli/main.ts', 'cli/registerDoctor.ts', 'cli/registerModelList.ts'];
const LIGHT_PACKAGES = ['commander', 'picocolors'];

interface Import {
  readonly from: string;
  readonly specifier: string;
  /** Of types alone, or on demand: nothing is loaded where the importing file is. */
  readonly isDeferred: boolean;
}

const sourceFolder = packagePath('src');

function sourceFiles(): string[] {
  return readdirSync(sourceFolder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.includes('assembly/'),
  );
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(sourceFolder, file), 'utf8');
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s+'([^']+)'|\bimport\(\s*'([^']+)'|(?:^|\n)import\s+'([^']+)'/g;
  return [...text.matchAll(pattern)].map((match) => ({
    from: file,
    specifier: match[1] ?? match[2] ?? match[3] ?? '',
    isDeferred: match[2] !== undefined || /^\s*(import|export) type\s/.test(match[0]),
  }));
}

/** The imported source file relative to src, or undefined for a package. */
function target({ from, specifier }: Import): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return relative(sourceFolder, resolve(sourceFolder, dirname(from), specifier)).replace(/\.js$/, '.ts');
}

/** The folder of LAYERS that a file is in. */
const layerOf = (file: string): string | undefined =>
  LAYERS.flat().find((folder) => file.startsWith(`${folder}/`));

function rank(file: string): number {
  const layer = layerOf(file);
  return LAYERS.findIndex((names) => layer !== undefined && names.includes(layer));
}

describe('layers', () => {
  const files = sourceFiles();
  const imports = files.flatMap(importsOf);

  it('finds sources and imports to judge', () => {
    assert.ok(files.length > 20, `${files.length} files`);
    assert.ok(imports.length > 50, `${imports.length} imports`);
  });

  it('has every file in a known layer', () => {
    const strangers = files.filter((file) => file !== 'index.ts' && rank(file) < 0);
    assert.deepEqual(strangers, []);
  });

  it('imports leftwards only', () => {
    const wrong = imports.filter((item) => {
      const file = target(item);
      if (file === undefined || item.from === 'index.ts') return false;
      const sameLayer = layerOf(file) === layerOf(item.from);
      return !sameLayer && rank(file) >= rank(item.from);
    });
    assert.deepEqual(wrong, []);
  });

  it('keeps native and heavy packages with their owners', () => {
    const wrong = imports.filter(({ from, specifier }) => {
      const owner = OWNERS[specifier.split('/')[0] ?? ''];
      return owner !== undefined && !owner.split(' or ').some((folder) => from.startsWith(folder));
    });
    assert.deepEqual(wrong, []);
  });

  it('loads native parts in one place, on first use', () => {
    const wrong = imports.filter(
      ({ specifier, isDeferred }) => NATIVES.some((name) => specifier === name) && !isDeferred,
    );
    assert.deepEqual(wrong, []);
  });

  /** The files that these import on their start, and the packages. */
  const loadedBy = (starts: readonly string[]): { reached: Set<string>; packages: Set<string> } => {
    const reached = new Set<string>();
    const packages = new Set<string>();
    const visit = (file: string): void => {
      if (reached.has(file)) return;
      reached.add(file);
      for (const item of imports.filter((one) => one.from === file && !one.isDeferred)) {
        const next = target(item);
        if (next !== undefined) visit(next);
        else if (!item.specifier.startsWith('node:')) packages.add(item.specifier);
      }
    };
    starts.forEach(visit);
    return { reached, packages };
  };

  it('starts light commands with few packages', () => {
    const { reached, packages } = loadedBy(LIGHT);
    assert.deepEqual([...packages].sort(), [...LIGHT_PACKAGES].sort());
    assert.ok(reached.has('cli/runCli.ts') && reached.has('model/listModels.ts'), 'the walk follows imports');
  });

  it('starts classify and bench without the bag reader', () => {
    const { reached } = loadedBy(['cli/registerClassify.ts', 'cli/registerBench.ts']);
    assert.deepEqual(
      [...reached].filter((file) => file.startsWith('bag/')),
      [],
    );
    assert.ok(reached.has('cli/outputs/inputFiles.ts'), 'the walk follows imports');
  });

  it('has no import cycle', () => {
    const edges = new Map<string, string[]>();
    for (const item of imports) {
      const file = target(item);
      if (file !== undefined) edges.set(item.from, [...(edges.get(item.from) ?? []), file]);
    }
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) {
        cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
        return;
      }
      if (done.has(file)) return;
      for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
      done.add(file);
    };
    for (const file of edges.keys()) visit(file, []);
    assert.deepEqual(cycles, []);
  });
});
