import assert from 'node:assert/strict';
import { COMMANDS } from '../../../src/cli/commands.js';
import { runEffvit } from '../../helpers/runEffvit.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

/** Every native part is loaded by process.dlopen, whoever asks for it. */
const HIDDEN = `--import "data:text/javascript,process.dlopen=()=>{throw new Error('hidden')}"`;
const NATIVES = ['onnxruntime-node', 'sharp', 'koffi'];

describe('effvit on a machine where no native part loads', () => {
  const scratch = scratchFolder();

  const run = (args: readonly string[]) =>
    runEffvit(args, { env: { NODE_OPTIONS: HIDDEN, EFFVIT_CACHE: scratch.path('cache') } });

  it('shows the help of the program and of every command', async () => {
    const help = await run(['--help']);
    assert.equal(help.code, 0, help.stderr);
    for (const { name, description } of COMMANDS) {
      assert.ok(help.stdout.includes(name) && help.stdout.replaceAll(/\s+/g, ' ').includes(description));
      const own = await run([name, '--help']);
      assert.equal(own.code, 0, own.stderr);
      assert.match(own.stdout, /Example/);
    }
  });

  it('lists the models', async () => {
    const list = await run(['model', 'list']);
    assert.equal(list.code, 0, list.stderr);
    assert.match(list.stdout, /efficientvit_m5_signs .*present/);
  });

  it('looks at the machine, and says of each native part what mends it', async () => {
    const { code, stdout } = await run(['doctor', '--json']);
    assert.equal(code, 1);
    const { findings } = JSON.parse(stdout) as {
      findings: { name: string; status: string; found: string }[];
    };
    for (const name of NATIVES) {
      const finding = findings.find((one) => one.name === name);
      assert.equal(finding?.status, 'problem');
      assert.match(finding.found, /does not load on .* \(.+\): run `npm ci`/);
    }
  });

  it('refuses in one sentence what needs one', async () => {
    const { code, stderr } = await run([
      'classify',
      'docs/images/scene.jpg',
      '--model',
      'efficientvit_m5_signs',
    ]);
    assert.equal(code, 1);
    assert.match(stderr, /^effvit: .*ONNX Runtime, which does not load on .* \(hidden\): run `npm ci`/m);
  });
});
