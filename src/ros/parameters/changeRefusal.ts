import type { OptionSpec } from '../../core/optionTable.js';
import type { LifecycleState } from '../lifecycle/lifecycleGraph.js';

/** Why a parameter cannot change in this state of the node, with the remedy; undefined if it can. */
export function changeRefusal(
  name: string,
  change: OptionSpec['change'],
  state: LifecycleState,
  nodeName: string,
): string | undefined {
  if (change === undefined || state === 'unconfigured') return undefined;
  const begin = `Parameter ${name} cannot change while the node is ${state}`;
  const run = (transition: string): string => `\`ros2 lifecycle set ${nodeName} ${transition}\``;
  switch (state) {
    case 'inactive':
      return `${begin}: run ${run('cleanup')} first.`;
    case 'active':
      return `${begin}: run ${run('deactivate')} and ${run('cleanup')} first.`;
    case 'shuttingdown':
    case 'finalized':
      return `${begin}: start the node anew with this value.`;
    case 'cleaningup':
    case 'errorprocessing':
      return `${begin}: set it again once \`ros2 lifecycle get ${nodeName}\` says unconfigured.`;
    default:
      return `${begin}: wait until that has ended, then bring the node to unconfigured (${run('deactivate')} if it is active, ${run('cleanup')}).`;
  }
}

export function readOnlyRefusal(name: string): string {
  return `Parameter ${name} is read-only: give it at launch.`;
}
