import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rosTestEnvironment } from '../../helpers/rosTestEnvironment.js';
import { runRosScript } from '../../helpers/runRosScript.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

/** Whatever ROS the tester has sourced, the scripts are to see none. */
const NO_ROS = { ROS_DISTRO: '', AMENT_PREFIX_PATH: '', EFFVIT_ROS_PREFIX: '' };

describe('npm run ros:setup, where it cannot', function () {
  this.timeout(300_000);
  const scratch = scratchFolder();

  it('says in one sentence that there is no Python, and leaves nothing half-made', async () => {
    const cache = scratch.path('cache');
    const env = { ...NO_ROS, EFFVIT_CACHE: cache, EFFVIT_PYTHON: '/nowhere/python3' };
    const { code, stderr } = await runRosScript('setup', [], env);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^effvit: No Python was found, and the private ROS 2 needs CPython 3\.10 to 3\.13: install one, or name it in EFFVIT_PYTHON\.$/m,
    );
    assert.doesNotMatch(stderr, /\n {4}at /, 'no stack');
    const base = readdirSync(join(cache, 'ros')).find((name) => name.startsWith('base-')) ?? '';
    assert.deepEqual(readdirSync(join(cache, 'ros', base, '.done')), []);
    assert.ok(!existsSync(join(cache, 'ros.lock')), 'the lock is gone');
    // A second try says the same: nothing counts as done.
    assert.match((await runRosScript('setup', [], env)).stderr, /No Python was found/);
  });

  it('shows the end of the log when a command fails, and names the log', async () => {
    const python = scratch.path('python3');
    const answer = {
      version: [3, 12, 1],
      implementation: 'CPython',
      machine: 'x86_64',
      venv: true,
      headers: true,
    };
    const script = `#!/bin/sh\n[ "$1" = -c ] && echo '${JSON.stringify(answer)}' && exit\necho 'no space left'\nexit 3\n`;
    writeFileSync(python, script, { mode: 0o755 });
    const env = { ...NO_ROS, EFFVIT_CACHE: scratch.path('cache'), EFFVIT_PYTHON: python };
    const { code, stderr } = await runRosScript('setup', [], env);
    assert.equal(code, 1);
    assert.match(stderr, /^ {4}no space left$/m);
    assert.match(
      stderr,
      /virtual environment could not be made in .*\(.*python3 ended with exit code 3\)\. The whole/,
    );
    assert.match(stderr, /The whole output is in .*setup-base-[0-9a-f]{12}\.log\./);
  });

  it('says in one sentence that there is no network, without the output of the command that needed it', async () => {
    const python = scratch.path('python3');
    const answer =
      '{"version":[3,12,1],"implementation":"CPython","machine":"x86_64","venv":true,"headers":true}';
    const message = 'ERROR: Failed to establish a new connection: Temporary failure in name resolution';
    const script = `#!/bin/sh\n[ "$1" = -c ] && echo '${answer}' && exit\necho '${message}'\nexit 1\n`;
    writeFileSync(python, script, { mode: 0o755 });
    const env = { ...NO_ROS, EFFVIT_CACHE: scratch.path('cache'), EFFVIT_PYTHON: python };
    const { code, stderr } = await runRosScript('setup', [], env);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^effvit: The network was not reached \(Temporary failure in name resolution\), and ROS 2 comes from PyPI: connect this machine, then run this again; it goes on where it stopped\. The whole output is in \S+\.log\.$/m,
    );
    assert.doesNotMatch(stderr, /Failed to establish/);
  });

  it('refuses a sourced ROS that the node does not run on', async () => {
    mkdirSync(scratch.path('foxy', 'bin'), { recursive: true });
    writeFileSync(scratch.path('foxy', 'bin', 'ros2'), '#!/bin/sh\n', { mode: 0o755 });
    const { code, stderr } = await runRosScript('setup', [], {
      ROS_DISTRO: 'foxy',
      AMENT_PREFIX_PATH: scratch.path('foxy'),
      EFFVIT_ROS_PREFIX: '',
      PATH: `${scratch.path('foxy', 'bin')}:${process.env['PATH']}`,
    });
    assert.equal(code, 1);
    assert.match(stderr, /^effvit: ROS 2 foxy is sourced, but effvit runs on humble, jazzy, kilted/);
  });

  it('npm run ros says that it has to be set up', async () => {
    const { code, stderr } = await runRosScript('run', ['true'], {
      ...NO_ROS,
      EFFVIT_CACHE: scratch.path('cache'),
    });
    assert.equal(code, 1);
    assert.equal(
      stderr,
      'effvit: ROS is not set up (the private ROS 2 is not made): run npm run ros:setup first.\n',
    );
  });

  it('npm run ros asks for a command', async () => {
    const { code, stderr } = await runRosScript('run', []);
    assert.equal(code, 2);
    assert.match(stderr, /^usage: npm run ros -- COMMAND/);
  });
});

describe('npm run ros', function () {
  this.timeout(300_000);

  before(async function () {
    await rosTestEnvironment(this);
  });

  it('finds everything made at a second set-up', async () => {
    const { code, stderr } = await runRosScript('setup', []);
    assert.equal(code, 0);
    assert.match(stderr, /^ROS 2 \w+ \((private|sourced)\) is ready in \S+\.\n$/);
  });

  it('runs a command in the ROS environment', async () => {
    const show = 'console.log(process.env.ROS_DISTRO, process.env.AMENT_PREFIX_PATH !== undefined)';
    const { code, stdout } = await runRosScript('run', [process.execPath, '-e', show]);
    assert.equal(code, 0);
    assert.match(stdout, /^(humble|jazzy|kilted|lyrical) true$/m);
  });

  it("keeps the command's exit code, and says when there is no such command", async () => {
    assert.equal((await runRosScript('run', ['sh', '-c', 'exit 7'])).code, 7);
    assert.equal((await runRosScript('run', ['sh', '-c', 'kill -9 $$'])).code, 128 + 9);
    const { code, stderr } = await runRosScript('run', ['effvit-no-such-command']);
    assert.equal(code, 127);
    assert.match(stderr, /effvit-no-such-command could not be started/);
  });

  it('passes signals on and waits for what the command makes of them', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const program = `process.on('${signal}', () => setTimeout(() => { console.log('drained'); process.exit(5); }, 200)); setInterval(() => {}, 1000); console.log('up');`;
      let isSent = false;
      const { code, stdout } = await runRosScript(
        'run',
        [process.execPath, '-e', program],
        {},
        (text, kill) => {
          if (isSent || !text.includes('up')) return;
          isSent = true;
          kill(signal);
        },
      );
      assert.equal(code, 5, signal);
      assert.match(stdout, /drained/, signal);
    }
  });

  it('has Python types for the messages, in the structure of vision_msgs 4', async () => {
    const program = [
      'import json',
      'from vision_msgs.msg import Classification, LabelInfo, ObjectHypothesis, VisionClass, VisionInfo',
      'from effvit.msg import ClassResult, DropCount, FrameReport, PipelineStatistics, StageStatistics',
      'types = [Classification, LabelInfo, ObjectHypothesis, VisionClass, VisionInfo]',
      'print(json.dumps({t.__name__: t.get_fields_and_field_types() for t in types}))',
    ].join('\n');
    const { code, stdout, stderr } = await runRosScript('run', ['python3', '-c', program]);
    assert.equal(code, 0, stderr);
    const header = 'std_msgs/Header';
    assert.deepEqual(JSON.parse(stdout), {
      Classification: { header, results: 'sequence<vision_msgs/ObjectHypothesis>' },
      LabelInfo: { header, class_map: 'sequence<vision_msgs/VisionClass>', threshold: 'float' },
      ObjectHypothesis: { class_id: 'string', score: 'double' },
      VisionClass: { class_id: 'uint16', class_name: 'string' },
      VisionInfo: {
        header,
        method: 'string',
        database_location: 'string',
        database_version: 'int32',
      },
    });
  });
});
