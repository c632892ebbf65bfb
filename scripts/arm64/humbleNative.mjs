// Looks at what a Humble board loads, on the emulated arm64 Debian of npm run arm64: that no native part asks for newer
// system libraries than Ubuntu 22.04 has, and that rclnodejs's prebuilt native part for humble-jammy loads. Humble's own
// libraries cannot be had there, so a library of empty functions stands in for them: it loads, and nothing of ROS runs.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'node_modules');
const ADDON = join(packages, 'rclnodejs/prebuilds/linux-arm64/humble-jammy-arm64-node-rclnodejs.node');
/** Ubuntu 22.04: glibc 2.35, and libstdc++ of GCC 12. */
const NEWEST = { GLIBC: [2, 35], GLIBCXX: [3, 4, 30], CXXABI: [1, 3, 13] };
const EM_AARCH64 = 183;
/** What `src/ros` calls itself; the rest is called by rclnodejs. */
const CALLED = ['rclTakeWithInfo', 'getParameterOverrides', 'createSubscription', 'publish'];

function output(command, args, env = process.env) {
  const done = spawnSync(command, args, { encoding: 'utf8', env, maxBuffer: 2 ** 26 });
  if (done.status !== 0) {
    console.log(`WRONG: ${command} ${args[0]}: ${done.error?.message ?? done.stderr}`);
    process.exit(1);
  }
  return done.stdout;
}

/** Native files of this processor, but for those of rclnodejs for other systems. */
function nativeFiles() {
  return readdirSync(packages, { recursive: true })
    .filter((name) => /\.node$|\.so(\.\d+)*$/.test(name) && !name.startsWith('rclnodejs/'))
    .map((name) => join(packages, name))
    .concat(ADDON)
    .filter(isAarch64);
}

function isAarch64(path) {
  const head = readFileSync(path).subarray(0, 20);
  return (
    head.length === 20 && head.toString('latin1', 1, 4) === 'ELF' && head.readUInt16LE(18) === EM_AARCH64
  );
}

function isNewer(version, newest) {
  const parts = version.split('.').map(Number);
  const at = parts.findIndex((part, index) => part !== (newest[index] ?? 0));
  return at >= 0 && parts[at] > (newest[at] ?? 0);
}

function tooNew(path) {
  const versions = output('readelf', ['-VW', path]).matchAll(/Name: (GLIBC|GLIBCXX|CXXABI)_([\d.]+)/g);
  return [...versions].filter(([, name, version]) => isNewer(version, NEWEST[name])).map(([text]) => text);
}

/** A library of empty functions under the names of all that the addon needs of ROS. */
function standIn(folder) {
  const needed = [
    ...output('readelf', ['-dW', ADDON]).matchAll(/NEEDED.*\[(lib(?:rcl|rcutils|rmw|rosidl).*)\]/g),
  ];
  // Those of the C library have versions; Node.js has its own and libuv's; the linker's begin with an underscore.
  const symbols = [
    ...output('readelf', ['--dyn-syms', '-W', ADDON]).matchAll(
      /(FUNC|OBJECT|NOTYPE) .* UND (?!napi_|node_|uv_|_)(\w+)$/gm,
    ),
  ];
  const source = join(folder, 'standIn.c');
  const definition = (type, name) =>
    type === 'OBJECT' ? `char ${name}[4096];\n` : `int ${name}(void) { return 0; }\n`;
  writeFileSync(source, symbols.map(([, type, name]) => definition(type, name)).join(''));
  const library = join(folder, 'standIn.so');
  output('gcc', ['-shared', '-fPIC', '-fno-builtin', '-o', library, source]);
  for (const [, name] of needed) symlinkSync(library, join(folder, name));
  return { libraries: needed.length, symbols: symbols.length };
}

if (!existsSync(ADDON)) {
  console.log(`WRONG: there is no ${ADDON}`);
  process.exit(1);
}
const files = nativeFiles();
const wrong = files.map((path) => [path, tooNew(path)]).filter(([, versions]) => versions.length > 0);
for (const [path, versions] of wrong) console.log(`WRONG: ${path} needs ${versions.join(', ')}`);
console.log(
  `${wrong.length === 0 ? 'ok' : 'WRONG'}: ${files.length} native files, for the libraries of Ubuntu 22.04`,
);

const folder = mkdtempSync(join(tmpdir(), 'effvit-humble-'));
try {
  const { libraries, symbols } = standIn(folder);
  const load = `const m = { exports: {} }; process.dlopen(m, ${JSON.stringify(ADDON)});
    console.log(JSON.stringify(Object.keys(m.exports)));`;
  // Each function is looked up at once, so that a missing one is told here.
  const env = { ...process.env, LD_LIBRARY_PATH: folder, LD_BIND_NOW: '1' };
  const exported = JSON.parse(output(process.execPath, ['-e', load], env));
  const missing = CALLED.filter((name) => !exported.includes(name));
  console.log(
    `${missing.length === 0 ? 'ok' : 'WRONG'}: rclnodejs for humble-jammy-arm64 loads against ${symbols} empty symbols in the place of ${libraries} libraries of ROS, and has ${exported.length} functions ${missing.length === 0 ? '' : `, but no ${missing}`}`,
  );
  process.exitCode = missing.length === 0 && wrong.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
