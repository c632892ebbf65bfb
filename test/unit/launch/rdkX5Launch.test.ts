import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { packagePath } from '../../../src/core/packageRoot.js';
import { launchOutcome, needPython, recordLaunch } from '../../helpers/recordLaunch.js';
import { scratchFolder } from '../../helpers/scratchFolder.js';

const FILE = packagePath('launch', 'rdk_x5.launch.py');
const PROFILE = packagePath('config', 'fastdds.xml');
const RMW = 'RMW_FASTRTPS_USE_QOS_FROM_XML';

/** Says, when it is included, what it was given: the arguments of its own prefix. */
const STAND_IN = (prefix: string) => `
from launch import LaunchDescription
from launch.actions import LogInfo, OpaqueFunction


def say(context):
    given = {k: v for k, v in context.launch_configurations.items() if k.startswith('${prefix}_')}
    return [LogInfo(msg='${prefix} ' + ' '.join(f'{k}={v}' for k, v in sorted(given.items())))]


def generate_launch_description():
    return LaunchDescription([OpaqueFunction(function=say)])
`;

const PACKAGES: readonly (readonly [packageName: string, file: string, prefix: string])[] = [
  ['mipi_cam', 'mipi_cam.launch.py', 'mipi'],
  ['hobot_usb_cam', 'hobot_usb_cam.launch.py', 'usb'],
  ['hobot_image_publisher', 'hobot_image_publisher.launch.py', 'publish'],
  ['hobot_codec', 'hobot_codec_encode.launch.py', 'codec'],
  ['hobot_codec', 'hobot_codec_decode.launch.py', 'codec'],
  ['websocket', 'websocket.launch.py', 'websocket'],
];

describe('launch/rdk_x5.launch.py', function () {
  this.timeout(300_000);
  const scratch = scratchFolder();

  before(function () {
    needPython(this);
  });

  /** An environment with stand-ins for TROS's packages, but for those that are left out. */
  function tros(without: readonly string[] = []): Record<string, string> {
    const prefix = scratch.path('tros', without.join('-') || 'all');
    for (const [name, file, argument] of PACKAGES) {
      if (without.includes(name)) continue;
      const path = `${prefix}/share/${name}/launch/${file}`;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, STAND_IN(argument));
    }
    if (!without.includes('ai_msgs')) mkdirSync(`${prefix}/share/ai_msgs`, { recursive: true });
    return { AMENT_PREFIX_PATH: prefix, TROS_DISTRO: 'humble' };
  }

  it('starts a MIPI camera, the encoder, effvit and the page, as the vendor starts them', () => {
    const { files, messages, nodes, environment } = recordLaunch(FILE, { device: 'imx219' }, tros());
    assert.deepEqual(files, [
      'rdk_x5.launch.py',
      'mipi_cam.launch.py',
      'hobot_codec_encode.launch.py',
      'classifier.launch.py',
      'websocket.launch.py',
    ]);
    assert.deepEqual(messages, [
      'mipi mipi_frame_ts_type=realtime mipi_image_height=544 mipi_image_width=960 mipi_io_method=shared_mem mipi_video_device=imx219',
      'codec codec_in_mode=shared_mem codec_out_mode=ros codec_pub_topic=/image codec_sub_topic=/hbmem_img',
      'websocket websocket_image_topic=/image websocket_image_type=mjpeg websocket_smart_topic=hobot_dnn_detection',
    ]);
    assert.deepEqual(nodes[0]?.parameters[1], {
      perception_targets: 'hobot_dnn_detection',
      image_topics: ['/hbmem_img'],
    });
    assert.equal(environment[RMW], '1');
    assert.equal(environment['FASTRTPS_DEFAULT_PROFILES_FILE'], PROFILE);
  });

  it('starts a USB camera with the decoder of the board, or decodes itself where that is not there', () => {
    const args = { camera: 'usb', image_width: '640', image_height: '480', web: 'false' };
    const all = recordLaunch(FILE, args, tros());
    assert.deepEqual(all.files.slice(1), [
      'hobot_usb_cam.launch.py',
      'hobot_codec_decode.launch.py',
      'classifier.launch.py',
    ]);
    assert.equal(
      all.messages[0],
      'usb usb_image_height=480 usb_image_width=640 usb_video_device=/dev/video8',
    );
    const own = recordLaunch(FILE, args, tros(['hobot_codec']));
    assert.deepEqual(own.nodes[0]?.parameters[1], {
      perception_targets: 'hobot_dnn_detection',
      image_topics: ['/image'],
    });
  });

  it('publishes a picture', () => {
    const image = packagePath('docs', 'images', 'scene.jpg');
    const { messages } = recordLaunch(FILE, { camera: 'file', image }, tros());
    assert.equal(
      messages[0],
      `publish publish_fps=5 publish_image_format=jpg publish_image_source=${image} publish_message_topic_name=/hbmem_img`,
    );
  });

  it('says by name what is missing, and starts the rest', () => {
    const none = [
      'mipi_cam',
      'hobot_usb_cam',
      'hobot_image_publisher',
      'hobot_codec',
      'websocket',
      'ai_msgs',
    ];
    const { files, messages, nodes } = recordLaunch(FILE, { image_topics: '/cam' }, tros(none));
    assert.deepEqual(files.slice(1), ['classifier.launch.py']);
    assert.deepEqual(nodes[0]?.parameters[1], { image_topics: ['/cam'] });
    for (const name of ['mipi_cam', 'hobot_codec', 'websocket', 'ai_msgs'])
      assert.equal(messages.filter((text) => text.startsWith(name)).length, 1, name);
    assert.match(
      messages.join('\n'),
      /websocket .*no web page: source \/opt\/tros\/humble\/setup\.bash, or sudo apt/,
    );
  });

  it("merges its profile with zero copy's, whoever came first, and leaves the user's own alone", () => {
    const shm = '/opt/tros/humble/lib/hobot_shm/config/shm_fastdds.xml';
    const variable = 'FASTRTPS_DEFAULT_PROFILES_FILE';
    const after = recordLaunch(FILE, {}, { ...tros(), [variable]: shm, [RMW]: '1' });
    assert.equal(after.environment[variable], PROFILE);
    const own = recordLaunch(FILE, {}, { ...tros(), [variable]: '/home/me/mine.xml' });
    assert.deepEqual(own.environment, {});
    assert.match(own.messages[0] ?? '', /profile \/home\/me\/mine\.xml stays in force/);
    const classifier = packagePath('launch', 'classifier.launch.py');
    assert.equal(recordLaunch(classifier, {}, { [variable]: shm }).environment[variable], PROFILE);
    assert.deepEqual(recordLaunch(classifier, {}, { [variable]: '/home/me/mine.xml' }).environment, {});
  });

  it('refuses wrong values in one sentence, before anything is started', () => {
    for (const [args, expected] of [
      [{ camera: 'csi' }, /one of mipi, usb, file for the argument camera but received "csi"/],
      [{ camera: 'file' }, /picture for the argument image but there is no ""/],
      [{ image_width: 'wide' }, /16 to 8192 for the argument image_width but received "wide"/],
      [{ web: 'perhaps' }, /true or false for the argument web/],
    ] as const) {
      const outcome = launchOutcome(FILE, args, tros());
      const error = 'error' in outcome ? outcome.error : 'not refused';
      assert.match(error, expected);
      assert.doesNotMatch(error, /left running/);
    }
  });
});
