import type { PlayedTopic } from './playMessages.js';

/** A topic in a recording. */
export interface RecordedTopic extends PlayedTopic {
  /** Serialisation format of its messages. */
  readonly encoding: string;
}

/** Tokens of letters, digits and underscores, not starting with a digit (design.ros2.org, topic and service names). */
const ROS_NAME = /^(\/[A-Za-z_][A-Za-z0-9_]*)+$/;

/** The ROS name of a recorded topic: some recorders omit the leading slash. */
export function rosTopicName(name: string): string {
  return name.startsWith('/') ? name : `/${name}`;
}

/** The topic to publish for a recorded topic, or why it cannot be published, as the rest of a sentence. */
export function playableTopic(topic: RecordedTopic, isClockTold: boolean): PlayedTopic | string {
  const { encoding, ...rest } = topic;
  const name = rosTopicName(topic.name);
  if (!ROS_NAME.test(name)) return 'that is no name of a ROS topic: rename it in the recording';
  if (encoding !== 'cdr') {
    return `its messages are ${encoding || 'of no named encoding'}, and ROS 2 takes cdr: convert the recording, e.g. with rosbags-convert of the Python package rosbags`;
  }
  if (isClockTold && name === '/clock') return "--clock tells the recording's time instead";
  const [packageName, ...type] = topic.type.split('/');
  // The first releases of rosbag2 omitted `msg`.
  return { ...rest, name, type: type.length === 1 ? `${packageName}/msg/${type[0]}` : topic.type };
}
