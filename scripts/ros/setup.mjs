// npm run ros:setup: makes a ROS 2 for this package where none is sourced, and fits rclnodejs to whichever there is.
// --without-messages: effvit/msg/* is compiled by who calls this.
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { install } from '../bootstrap.mjs';
import { BASE_STEPS, makeBase } from './base.mjs';
import { missingOf, variablesOf } from './environment.mjs';
import { makeJavascript } from './javascript.mjs';
import { rclnodejsFolder, rosLayout } from './layout.mjs';
import { isLinked, linkRclnodejs } from './link.mjs';
import { withLock } from './lock.mjs';
import { makeMessages } from './messages.mjs';
import { makeNative, prebuiltAddon } from './native.mjs';
import { makeOverlay } from './overlay.mjs';
import { isMain, reportSetupError } from './program.mjs';
import { SetupError } from './SetupError.mjs';
import { Steps } from './Steps.mjs';

const LOG_TAIL_LINES = 25;

/** What there is already, said without work: a second run answers at once. */
function describe(layout) {
  const where = layout.kind === 'private' ? layout.base : layout.sourced.root;
  return `ROS 2 ${layout.distro} (${layout.kind}) is ready in ${where}.`;
}

/** What pip and node-gyp write where a machine has no network. */
const UNREACHABLE =
  /Temporary failure in name resolution|Name or service not known|Could not resolve|Network is unreachable|EAI_AGAIN|ENOTFOUND|ENETUNREACH|Connection (?:refused|timed out)|NewConnectionError/;

/** The failure as a person needs it: one sentence where there is no network, else with the end of the log before it. */
function explained(error, out) {
  const { log } = error;
  if (!(error instanceof SetupError) || log === undefined || !existsSync(log)) return error;
  const text = readFileSync(log, 'utf8').trimEnd();
  const reason = UNREACHABLE.exec(text.split(/\n(?=\$ )/).at(-1))?.[0];
  if (reason !== undefined) {
    return new SetupError(
      `The network was not reached (${reason}), and ROS 2 comes from PyPI: connect this machine, then run this again; it goes on where it stopped.`,
      { cause: error, log },
    );
  }
  const lines = text.split('\n').slice(-LOG_TAIL_LINES);
  out.write(`${lines.map((line) => `    ${line}`).join('\n')}\n`);
  return error;
}

/**
 * Sets up; returns how many steps did something. `compileMessages` false leaves our message types' compiled code out,
 * for colcon, which is compiling it.
 */
export async function setUp({ env = process.env, root, out = process.stderr, compileMessages = true } = {}) {
  const layout = rosLayout(root === undefined ? { env } : { env, root });
  if (process.features.require_module !== true) {
    throw new SetupError(
      `rclnodejs cannot be loaded by Node.js ${process.versions.node}: install the newest Node.js 20 or 22.`,
    );
  }
  if (layout.rclnodejs === undefined) {
    throw new SetupError('rclnodejs is not in node_modules: run npm ci (without --omit=optional) first.');
  }
  if (layout.distro === 'lyrical' && prebuiltAddon(layout.rclnodejs, layout.distro) === undefined) {
    throw new SetupError(
      'rclnodejs has no build for ROS 2 lyrical on this system (it has one for Ubuntu resolute): source humble, jazzy or kilted, or use that system.',
    );
  }
  if (missingOf(layout, { compileMessages }) === undefined) {
    out.write(`${describe(layout)}\n`);
    return 0;
  }
  mkdirSync(layout.cache, { recursive: true });
  const log = join(layout.cache, `setup-${basename(layout.base ?? layout.native)}.log`);
  return withLock(layout.cache, out, async () => {
    appendFileSync(log, `\n=== ${new Date().toISOString()}\n`);
    const baseSteps = layout.base === undefined ? 0 : BASE_STEPS.length;
    const messageSteps = compileMessages ? layout.interfaces.length : 0;
    const steps = new Steps(baseSteps + messageSteps + 2, { out });
    try {
      if (layout.base !== undefined)
        await makeBase(steps, { base: layout.base, distro: layout.distro, env, log });
      // The environment is asked anew after each part: a later part needs what an earlier one has put there.
      if (compileMessages) await makeMessages(steps, { layout, env: variablesOf(layout, env), log });
      const context = { layout, env: variablesOf(layout, env), log };
      await makeNative(steps, context);
      await makeJavascript(steps, context);
      if (!isLinked(layout)) linkRclnodejs(layout);
      if (compileMessages && layout.messages !== undefined) makeOverlay(layout.root);
    } catch (error) {
      throw explained(error, out);
    }
    out.write(`${describe(layout)}\n`);
    return steps.worked;
  });
}

async function main() {
  if (rclnodejsFolder() === undefined) install();
  await setUp({ compileMessages: !process.argv.includes('--without-messages') });
}

if (isMain(import.meta.url)) await reportSetupError(main);
