import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { packagePath } from '../../../../src/core/packageRoot.js';
import { leaveOut } from '../../../helpers/leaveOut.js';

/** The version that the patches were written against; the lock file holds it. */
const VERSION = '2.2.0';

/** What of rclnodejs's private parts each patch builds on, as its source has it. */
const PARTS: readonly (readonly [patch: string, fragments: readonly RegExp[]])[] = [
  [
    'nodeWithParameterFiles: the constructor asks an own method for what the command line gave, which asks the addon',
    [
      /this\._parameterOverrides = this\._getNativeParameterOverrides\(\);/,
      /_getNativeParameterOverrides\(\) \{\s+const overrides = [^}]*?new Map\(\);/,
      /\.getParameterOverrides\(\s*this\.context\.handle\s*\)/,
    ],
  ],
  [
    'nodeWithClockQos: the time source subscribes by the public method, without options',
    [
      /this\._node\.createSubscription\(\s*["']rosgraph_msgs\/msg\/Clock["'],\s*CLOCK_TOPIC,\s*this\._clockCallback\.bind\(this\)\s*\)/,
    ],
  ],
  [
    'nodeWithKnownTopics: a getter asks for the topic, at each message for the log',
    [/debug\d*\(`Message of topic \$\{this\.topic\} has been published\.`\)/, /get topic\(\) \{/],
  ],
  [
    'nativeFiles: what it ships for a distribution, then what `bindings` finds; a rebuild where it is forced',
    [
      /process\.env\.RCLNODEJS_FORCE_BUILD === ["']1["']/,
      /bindings\(["']rclnodejs["']\)/,
      /["']prebuilds["']/,
    ],
  ],
  [
    'MessageSamples: a message is taken into what toRawROS gives, and freed by destroyRawROS',
    [
      /callback\(message\.toRawROS\(\), \(\) => \{/,
      /result\.deserialize\(message\.refObject\);/,
      /Type\.destroyRawROS\(message\);/,
      /msg\.toPlainObject\(this\.typedArrayEnabled\)/,
    ],
  ],
];

describe('patches of rclnodejs', () => {
  let source = '';

  before(function () {
    const file = packagePath('node_modules', 'rclnodejs', 'dist', 'index.cjs');
    if (!existsSync(file)) leaveOut(this, 'the optional package rclnodejs is not installed');
    source = readFileSync(file, 'utf8');
  });

  it('are for the version that is installed, and no other', () => {
    const own = readFileSync(packagePath('node_modules', 'rclnodejs', 'package.json'), 'utf8');
    assert.equal((JSON.parse(own) as { version: string }).version, VERSION);
    const lock = readFileSync(packagePath('package-lock.json'), 'utf8');
    const { packages } = JSON.parse(lock) as { packages: Record<string, { version?: string }> };
    assert.equal(packages['node_modules/rclnodejs']?.version, VERSION);
  });

  for (const [patch, fragments] of PARTS) {
    it(patch, () => {
      for (const fragment of fragments) assert.match(source, fragment);
    });
  }
});
