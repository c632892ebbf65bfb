import { pathToFileURL } from 'node:url';
import { packagePath } from '../../src/core/packageRoot.js';
import { leaveOut } from './leaveOut.js';
import { removeDeadSharedMemory } from './removeDeadSharedMemory.js';

interface RosEnvironment {
  readonly env: NodeJS.ProcessEnv;
  /** What stands in the way, or undefined. */
  readonly missing?: string;
}

let domain = 0;

/**
 * The environment for child processes that use ROS, each call on a domain of its own on this machine alone; leaves
 * the suite out, by name, where there is no ROS.
 */
export async function rosTestEnvironment(context: Mocha.Context): Promise<NodeJS.ProcessEnv> {
  if (process.env['EFFVIT_WITHOUT_ROS'] === '1') leaveOut(context, 'ROS: there is no ROS 2 here');
  const url = pathToFileURL(packagePath('scripts', 'ros', 'environment.mjs')).href;
  const module = (await import(url)) as { rosEnvironment: () => RosEnvironment };
  const { env, missing } = module.rosEnvironment();
  if (missing !== undefined) leaveOut(context, `ROS: ${missing}`);
  // Tests kill nodes as crashes do.
  if (domain === 0) process.once('exit', () => removeDeadSharedMemory(env));
  domain++;
  return {
    ...env,
    ROS_DOMAIN_ID: String(1 + ((process.pid + domain) % 100)),
    ROS_AUTOMATIC_DISCOVERY_RANGE: 'LOCALHOST',
    FASTRTPS_DEFAULT_PROFILES_FILE: packagePath('config', 'fastdds.xml'),
    FASTDDS_DEFAULT_PROFILES_FILE: packagePath('config', 'fastdds.xml'),
  };
}
