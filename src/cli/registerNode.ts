import type { Command } from 'commander';
import { loadModel } from '../classify/loadModel.js';
import { badArgument, type EffvitError } from '../core/EffvitError.js';
import { nearestName } from '../core/nearestName.js';
import { readBoardMonitor } from '../inference/bpu/BoardMonitor.js';
import { PARAMETER_NAMES } from '../ros/parameters/parameterTable.js';
import { runClassifierNode } from '../ros/runClassifierNode.js';
import type { CommandContext } from './CommandContext.js';

const BEGIN = '--ros-args';
const END = '--';
const AUTOSTART = '--autostart';

/** `effvit node`: the managed ROS 2 node, which the executable classifier_node and the launch files start. */
export function registerNode(command: Command, context: CommandContext): void {
  command
    .option('--autostart', 'configure and activate it at once, if no launch file or manager does')
    .argument('[ros-arguments...]', 'passed to ROS: --ros-args -p threads:=4 -r image:=/camera/image_raw')
    // From the first positional argument on, all are passed unchanged, including each `--`.
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (args: string[], options: { readonly autostart?: boolean }) => {
      const { rosArguments, isAutostarted } = splitNodeArguments(args);
      // A robot stops its nodes by SIGINT or SIGTERM: a clean shutdown is success.
      context.isSignalSuccess = true;
      await runClassifierNode(rosArguments, context.signal, {
        forceStop: context.forceStop,
        isAutostarted: isAutostarted || options.autostart === true,
        loadModel: (options, notice) => loadModel(options, { notice, signal: context.signal }),
        readSensors: readBoardMonitor,
      });
    });
}

/**
 * Separates the node's own flag from the ROS arguments: any number of blocks from `--ros-args` to `--` or the end, as
 * `ros2 run` and `ros2 launch` pass them. The flag may be anywhere.
 *
 * @throws EffvitError BAD_ARGUMENT for the first argument outside of these blocks, which rcl would silently ignore.
 */
export function splitNodeArguments(args: readonly string[]): {
  readonly rosArguments: readonly string[];
  readonly isAutostarted: boolean;
} {
  const rosArguments: string[] = [];
  let isAutostarted = false;
  let isInBlock = false;
  args.forEach((argument, index) => {
    if (argument === AUTOSTART) {
      isAutostarted = true;
      return;
    }
    if (argument === BEGIN) isInBlock = true;
    else if (!isInBlock && argument !== END) throw strayArgument(argument, args[index + 1]);
    else if (argument === END) isInBlock = false;
    rosArguments.push(argument);
  });
  return { rosArguments, isAutostarted };
}

function strayArgument(argument: string, next: string | undefined): EffvitError {
  return badArgument(
    `${argument} is outside of --ros-args, where the node accepts only --autostart: ${remedyFor(argument, next)}.`,
  );
}

function remedyFor(argument: string, next: string | undefined): string {
  if (argument.startsWith('--') && nearestName(argument, [AUTOSTART]) !== undefined) {
    return `perhaps you mean ${AUTOSTART}`;
  }
  const rule = /^([^:=]+):=(.+)$/.exec(argument);
  if (rule !== null && parameterNamed(rule[1] ?? '') === undefined) return `write ${BEGIN} -r ${argument}`;
  const [flag = '', value = rule?.[2] ?? next ?? ''] = argument.replace(/:?=/, '=').split('=', 2);
  const name = parameterNamed(flag);
  if (name !== undefined) return `write ${BEGIN} -p ${name}:=${value === '' ? 'VALUE' : value}`;
  if (argument.startsWith('-')) return `write ${BEGIN} before it`;
  return `give parameters as ${BEGIN} -p threads:=4 and names as ${BEGIN} -r image:=/camera/image_raw`;
}

/** The parameter that a flag such as `--top-k` or `top_k` means. */
function parameterNamed(flag: string): string | undefined {
  const dashed = (name: string): string => name.replaceAll(/[._]/g, '-');
  const wanted = dashed(flag.replace(/^-+/, ''));
  return PARAMETER_NAMES.find((name) => dashed(name) === wanted);
}
