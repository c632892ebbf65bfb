import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { packagePath } from '../../../../src/core/packageRoot.js';
import { leaveOut } from '../../../helpers/leaveOut.js';

/** The version that the patches were written against; the lock file holds it. */
const VERSION = '2.2.0';

/** What of rclnodejs's private parts each patch builds on, as its sources have it. */
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
    'nodeWithDeferredTakes: the native part calls execute with what is ready, and reads what to wait for by syncHandles',
    [
      /execute\(handles\) \{/,
      /this\._subscriptions\.filter\(\s*\(subscription\) => handles\.includes\(subscription\.handle\)/,
      /this\._subscriptions\.push\(subscription\);\s+this\.syncHandles\(\);/,
      /let type = typeClass\.type\(\);/,
      /rclTakeWithInfo\(\s*subscription\.handle,\s*message\s*\)/,
      // Native: what the list may be changed in, and what a take tells.
      /exec->work_pending_ = false;[\s\S]*executor->ExecuteReadyHandles\(\);/,
      /node\.Get\("_subscriptions"\)/,
      /Get\("execute"\)/,
      /js_info\.Set\("received_timestamp"/,
      /js_info\.Set\(\s*"publication_sequence_number"/,
      /js_info\.Set\("publisher_gid"/,
      /for \(const guard of guardsReady\) \{\s+if \(guard\.isDestroyed\(\)\) continue;\s+guard\.callback\(\);/,
    ],
  ],
];

describe('patches of rclnodejs', () => {
  let source = '';

  before(function () {
    const file = packagePath('node_modules', 'rclnodejs', 'dist', 'index.cjs');
    if (!existsSync(file)) leaveOut(this, 'the optional package rclnodejs is not installed');
    const native = ['executor', 'handle_manager', 'shadow_node', 'rcl_subscription_bindings'].map((name) =>
      packagePath('node_modules', 'rclnodejs', 'src', `${name}.cpp`),
    );
    source = [file, ...native].map((path) => readFileSync(path, 'utf8')).join('\n');
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
