/** What a block of commands may need beyond a clone on which `npm start` was run; it says so in its first line. */
export const NEEDS = [
  'a board',
  'ROS 2',
  'the internet',
  'Python',
  'a camera',
  'a desktop',
  'the toolchain',
] as const;
export type Need = (typeof NEEDS)[number];

const MARK = /^\s*# needs (.+?)(?::.*)?$/;

/** The needs that a block's first line tells: `# needs a board and ROS 2: why`. @throws Error for an unknown one */
export function toldNeeds(block: string): ReadonlySet<Need> {
  const [first = ''] = block.split('\n');
  const list = MARK.exec(first)?.[1];
  if (list === undefined) return new Set();
  return new Set(
    list.split(/, | and /).map((text) => {
      const need = NEEDS.find((one) => one === text.trim());
      if (need === undefined)
        throw new Error(`Expected "# needs" with ${NEEDS.join(', ')} but found ${text}.`);
      return need;
    }),
  );
}

/** What a command cannot do without. */
export function neededBy(words: readonly string[]): ReadonlySet<Need> {
  const line = words.join(' ');
  const needs = new Set<Need>();
  if (/^(ros2|colcon)\b/.test(line) || /\bsetup\.bash\b/.test(line)) needs.add('ROS 2');
  if (/^effvit (node|play|top)\b/.test(line)) needs.add('ROS 2');
  if (/^(rqt|foxglove|rviz2|ros2 run rqt)/.test(line)) needs.add('ROS 2').add('a desktop');
  if (
    /--backend[ =]bpu(?!_)|backend:=bpu(?!_)|EFFVIT_LIBDNN=|\/sys\/devices\/|^hrt_model_exec|^hb_/.test(line)
  ) {
    needs.add('a board');
  }
  if (/^(sudo )?apt(-get)? install|pip install|^git clone|model pull|toolchain install/.test(line))
    needs.add('the internet');
  if (/^effvit compile|bpu-sim-results exact/.test(line)) needs.add('the toolchain');
  if (/^python3?\b|^\S*\/bin\/(python|pip)|^npm run (ros|bench:ros|soak)/.test(line)) needs.add('Python');
  return needs;
}
