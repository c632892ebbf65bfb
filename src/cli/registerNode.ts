import type { Command } from 'commander';
import { loadModel } from '../classify/loadModel.js';
import { readBoardMonitor } from '../inference/bpu/BoardMonitor.js';
import { runClassifierNode } from '../ros/runClassifierNode.js';
import type { CommandContext } from './CommandContext.js';
import { splitNodeArguments } from './splitNodeArguments.js';

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
