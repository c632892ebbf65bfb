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
  const run = (transition: string): string => `\`ros2 lifecycle set ${nodeName} ${transition}\``;
  const again = `set it again once \`ros2 lifecycle get ${nodeName}\` says unconfigured`;
  const remedies: Readonly<Partial<Record<LifecycleState, string>>> = {
    inactive: `run ${run('cleanup')} first`,
    active: `run ${run('deactivate')} and ${run('cleanup')} first`,
    shuttingdown: 'start the node anew with this value',
    finalized: 'start the node anew with this value',
    cleaningup: again,
    errorprocessing: again,
  };
  const remedy =
    remedies[state] ??
    `wait until that has ended, then bring the node to unconfigured (${run('deactivate')} if it is active, ${run('cleanup')})`;
  return `Parameter ${name} cannot change while the node is ${state}: ${remedy}.`;
}
