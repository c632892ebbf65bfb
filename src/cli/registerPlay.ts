import type { Command } from 'commander';
import type { RawBagMessage } from '../bag/BagFile.js';
import type { BagReader } from '../bag/BagReader.js';
import { openBag } from '../bag/openBag.js';
import { PlaybackClock } from '../bag/PlaybackClock.js';
import { type PaceOptions, paceMessages } from '../bag/paceMessages.js';
import { recordedQos } from '../bag/qosProfiles.js';
import { fileError } from '../core/EffvitError.js';
import { playableTopic, rosTopicName } from '../ros/playback/playableTopic.js';
import { type PlayedMessage, type PlayedTopic, playMessages } from '../ros/playback/playMessages.js';
import type { CommandContext } from './CommandContext.js';
import { numberParser, parseRate } from './options.js';

interface PlayCommandOptions {
  readonly topic?: readonly string[];
  readonly rate: number;
  readonly loop?: boolean;
  readonly startPaused?: boolean;
  readonly clock?: boolean;
  readonly wait: number;
  readonly json?: boolean;
}

/**
 * `effvit play BAG`: publishes a recording on live topics, so that a replay over the middleware needs no other tool.
 */
export function registerPlay(command: Command, context: CommandContext): void {
  command
    .argument('<bag>', 'rosbag2 folder or storage file')
    .option('--topic <name...>', 'topics; default all')
    .option('--rate <factor>', 'speed, 1 is the original', parseRate, 1)
    .option('--loop', 'restart at the end, until stopped')
    .option('--start-paused', 'wait for the service ~/toggle_paused, or the space bar')
    .option('--clock', "publish /clock, the recording's time, at 40 Hz and with each message")
    .option('--wait <seconds>', 'wait so long for a subscriber of every topic', numberParser(0, 3600), 10)
    .option('--json', 'one JSON object instead of text')
    .action(async (path: string, options: PlayCommandOptions) => {
      const { terminal, signal } = context;
      const bag = await openBag(path);
      const { rate, loop = false, startPaused: isPaused = false } = options;
      const clock = new PlaybackClock({ rate, isPaused });
      const toggle = (): boolean => {
        if (clock.isPaused) clock.resume();
        else clock.pause();
        return clock.isPaused;
      };
      const releaseKeys = watchSpaceBar(toggle);
      try {
        const played = playedTopics(path, bag, options, (text) => terminal.warn(text));
        const filter = { topics: [...played.keys()] };
        const startNs = await firstTimeNs(bag.messages(filter));
        if (startNs !== undefined) clock.standAt(startNs);
        const pace = { rate, loop, clock, signal };
        const published = await playMessages([], {
          topics: [...played.values()],
          messages: () => due(() => bag.messages(filter), pace),
          ...(options.clock === true && startNs !== undefined && { clock }),
          waitForSubscribersMs: options.wait * 1000,
          signal,
          notice: (text) => terminal.warn(text),
          togglePaused: toggle,
        });
        for (const warning of bag.warnings) terminal.warn(warning);
        if (options.json === true) terminal.json({ published: Object.fromEntries(published) });
        else for (const [topic, count] of published) terminal.line(`${topic}: ${count} messages published`);
        if (published.size === 0 && !signal.aborted) {
          throw fileError('BAD_BAG', path, 'gave no message that can be published');
        }
      } finally {
        releaseKeys();
        await bag.close();
      }
    });
}

async function* due(
  open: () => AsyncIterable<RawBagMessage>,
  pace: PaceOptions,
): AsyncGenerator<PlayedMessage> {
  for await (const message of paceMessages(open, pace)) {
    // A topic may have channels of several encodings.
    if (message.encoding === 'cdr') yield { topic: rosTopicName(message.topic), data: message.data };
  }
}

async function firstTimeNs(messages: AsyncIterable<RawBagMessage>): Promise<bigint | undefined> {
  for await (const { logTimeNs } of messages) return logTimeNs;
  return undefined;
}

/**
 * The topics of the recording that can be published, by recorded name; the others are reported.
 *
 * @throws EffvitError NOT_FOUND: a named topic is not there; UNSUPPORTED: nothing can be published
 */
function playedTopics(
  path: string,
  bag: BagReader,
  { topic: names, clock }: PlayCommandOptions,
  notice: (text: string) => void,
): Map<string, PlayedTopic> {
  const wanted = names === undefined ? bag.topics() : names.map((name) => bag.topic(name));
  const played = new Map<string, PlayedTopic>();
  for (const { name, type, encoding, qos } of wanted) {
    const topic = playableTopic({ name, type, encoding, ...recordedQos(qos) }, clock === true);
    if (typeof topic === 'string') notice(`${name} is left out: ${topic}.`);
    else played.set(name, topic);
  }
  if (played.size === 0) {
    throw fileError('UNSUPPORTED', path, 'has no topic that can be played: see what was left out, and why');
  }
  return played;
}

/** On a terminal the space bar pauses and resumes, as in `ros2 bag play`. */
function watchSpaceBar(toggle: () => void): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => undefined;
  const onKey = (key: Buffer): void => {
    if (key.toString() === ' ') toggle();
    // Raw mode keeps Ctrl-C from becoming a signal.
    if (key[0] === 3) process.kill(process.pid, 'SIGINT');
  };
  stdin.setRawMode(true).on('data', onKey).resume();
  return () => {
    stdin.off('data', onKey).setRawMode(false).pause();
  };
}
