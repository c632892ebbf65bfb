import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../../src/core/cacheFolder.js';
import { packagePath, packageRoot } from '../../../src/core/packageRoot.js';
import { leaveOut } from '../../helpers/leaveOut.js';

/** What Ubuntu 22.04 and Debian 12 have, and the last ones before the oldest that fits. */
const VERSIONS = ['12.22.9', '14.21.3', '16.20.2', '18.20.8'];

const RUN_LIMIT_MS = 200_000;
const FETCH_LIMIT_MS = 300_000;

/** The real program, from npm, in the user's cache; undefined where npm does not reach its registry. */
function oldNode(version: string): string | undefined {
  const name = `node-linux-${process.arch}`;
  const folder = join(cacheFolder(), 'old-node', version);
  const program = join(folder, 'node_modules', name, 'bin', 'node');
  if (existsSync(program)) return program;
  const options = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  spawnSync('npm', ['install', '--prefix', folder, ...options, `${name}@${version}`], {
    timeout: FETCH_LIMIT_MS,
  });
  return existsSync(program) ? program : undefined;
}

/** Every command that starts a Node.js of the user's: the package's scripts, the programs, and colcon's. */
function entryPoints(): string[][] {
  const { scripts } = JSON.parse(readFileSync(packagePath('package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const ofNpm = Object.values(scripts).filter((script) => script.startsWith('node '));
  const ofColcon = /"\$\{EFFVIT_NODE\}" (.*stage\.mjs)/.exec(
    readFileSync(packagePath('CMakeLists.txt'), 'utf8'),
  );
  assert.ok(ofNpm.length >= 9 && ofColcon?.[1] !== undefined);
  return [
    ...ofNpm.map((script) => script.split(' ').slice(1)),
    [...ofColcon[1].split(' '), '/nowhere'],
    ['bin/effvit.cjs', '--version'],
    ['bin/effvit.cjs', 'node', '--autostart'],
  ];
}

describe('Node.js that is too old', function () {
  this.timeout(FETCH_LIMIT_MS + 2 * RUN_LIMIT_MS);

  for (const version of VERSIONS) {
    it(`is told so in one sentence by every entry point: ${version}`, function () {
      const node = oldNode(version);
      if (node === undefined) leaveOut(this, `npm did not bring Node.js ${version}`);
      const check = (command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): void => {
        const options = { cwd: packageRoot, env: { ...process.env, ...env }, timeout: RUN_LIMIT_MS };
        const { status, stderr, stdout } = spawnSync(command, args, { ...options, encoding: 'utf8' });
        const told = `${args.join(' ')}: ${stderr}`;
        assert.equal(status, 1, told);
        assert.equal(stdout, '', told);
        const sentence = `effvit needs Node.js 20.20.2 or later and was started by ${version} (${node}): install one beside it`;
        assert.ok(stderr.startsWith(sentence), told);
        assert.equal(stderr.trimEnd().split('\n').length, 1, told);
      };
      for (const args of entryPoints()) check(node, args);
      check('sh', ['bin/classifier_node', '--autostart'], { EFFVIT_NODE: node });
    });
  }
});
