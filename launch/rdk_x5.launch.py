"""Start a camera of TROS, the classifier and the vendor's web page on an RDK board.

    ros2 launch effvit rdk_x5.launch.py camera:=usb
    (then http://BOARD:8000 in a browser)

Each of TROS's packages is started by its own launch file, where it is installed; what is missing is
said by its name. Every argument of classifier.launch.py is one here too.
"""
import os
import sys

from launch import LaunchDescription
from launch.actions import (
    IncludeLaunchDescription,
    LogInfo,
    OpaqueFunction,
    SetEnvironmentVariable,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource

# The helpers lie beside this file, wherever launch has loaded it from.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from effvit_launch import (  # noqa: E402
    FAST_DDS_PROFILE_VARIABLES,
    SHARE,
    argument,
    declared,
    flag_argument,
    included_classifier,
    own_settings,
)

CAMERAS = ('mipi', 'usb', 'file')

# As TROS's own nodes have them.
SHARED_TOPIC = '/hbmem_img'
JPEG_TOPIC = '/image'
DEFAULT_DEVICES = {'mipi': 'F37', 'usb': '/dev/video8'}

# With these Fast DDS shares the memory of fixed-size messages (HbmMsg) between processes, by the
# profile of config/fastdds.xml. hobot_shm sets the same, and leaves them where they are set.
ZERO_COPY = {'RMW_FASTRTPS_USE_QOS_FROM_XML': '1', 'ROS_DISABLE_LOANED_MESSAGES': '0'}


def _arguments():
    return declared(
        ('camera', 'mipi', 'mipi (mipi_cam), usb (hobot_usb_cam) or file (hobot_image_publisher).'),
        ('device', '',
         'Sensor of a MIPI camera (default F37) or device of a USB camera '
         '(default /dev/video8).'),
        ('image_width', '960', 'Width of the images, pixels.'),
        ('image_height', '544', 'Height of the images, pixels.'),
        ('image', '', 'With camera:=file: the JPEG picture that is published over and over.'),
        ('web', 'true',
         "The vendor's web page with images and results, on port 8000 (true, false)."),
        ('results_topic', 'hobot_dnn_detection',
         'Topic of the results as TROS has them (ai_msgs/PerceptionTargets).'),
    )


def _pixels(context, name):
    value = argument(context, name)
    if not value.isdigit() or not 16 <= int(value) <= 8192:
        raise RuntimeError(
            f'Expected a number from 16 to 8192 for the argument {name} but received "{value}".')
    return value


def _is_installed(context, package):
    prefixes = context.environment.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    return any(
        prefix and os.path.isdir(os.path.join(prefix, 'share', package)) for prefix in prefixes)


def _included(context, package, file, arguments, purpose):
    """Include a launch file of a package of TROS, or say that it is missing."""
    for prefix in context.environment.get('AMENT_PREFIX_PATH', '').split(os.pathsep):
        path = os.path.join(prefix, 'share', package, 'launch', file)
        if prefix and os.path.isfile(path):
            return [IncludeLaunchDescription(
                PythonLaunchDescriptionSource(path), launch_arguments=arguments.items())]
    distro = context.environment.get('TROS_DISTRO') or 'humble'
    return [LogInfo(
        msg=f'{package} ({file}) is not installed, so there is no {purpose}: '
            f'source /opt/tros/{distro}/setup.bash, or sudo apt install '
            f'tros-{distro}-{package.replace("_", "-")}.')]


def _camera(context, camera):
    width, height = _pixels(context, 'image_width'), _pixels(context, 'image_height')
    device = argument(context, 'device') or DEFAULT_DEVICES.get(camera, '')
    if camera == 'mipi':
        return _included(context, 'mipi_cam', 'mipi_cam.launch.py', {
            'mipi_image_width': width,
            'mipi_image_height': height,
            'mipi_io_method': 'shared_mem',
            'mipi_frame_ts_type': 'realtime',
            'mipi_video_device': device,
        }, 'camera')
    if camera == 'usb':
        return _included(context, 'hobot_usb_cam', 'hobot_usb_cam.launch.py', {
            'usb_image_width': width,
            'usb_image_height': height,
            'usb_video_device': device,
        }, 'camera')
    image = argument(context, 'image')
    if not os.path.isfile(image):
        raise RuntimeError(
            f'Expected a picture for the argument image but there is no "{image}": '
            'image:=/path/to/picture.jpg.')
    return _included(context, 'hobot_image_publisher', 'hobot_image_publisher.launch.py', {
        'publish_image_source': os.path.abspath(image),
        'publish_image_format': 'jpg',
        'publish_message_topic_name': SHARED_TOPIC,
        'publish_fps': '5',
    }, 'camera')


def _codec(context, camera, with_page):
    """The board's decoder for a USB camera's JPEG, or its encoder for the page."""
    if camera == 'usb':
        return _included(context, 'hobot_codec', 'hobot_codec_decode.launch.py', {
            'codec_in_mode': 'ros',
            'codec_out_mode': 'shared_mem',
            'codec_sub_topic': JPEG_TOPIC,
            'codec_pub_topic': SHARED_TOPIC,
        }, 'decoding by the board (effvit decodes on the CPU)')
    if not with_page:
        return []
    return _included(context, 'hobot_codec', 'hobot_codec_encode.launch.py', {
        'codec_in_mode': 'shared_mem',
        'codec_out_mode': 'ros',
        'codec_sub_topic': SHARED_TOPIC,
        'codec_pub_topic': JPEG_TOPIC,
    }, 'picture on the web page')


def _classifier(context, camera):
    decodes_itself = camera == 'usb' and not _is_installed(context, 'hobot_codec')
    arguments = {}
    if not argument(context, 'image_topics'):
        arguments['image_topics'] = JPEG_TOPIC if decodes_itself else SHARED_TOPIC
    messages = []
    if _is_installed(context, 'ai_msgs'):
        arguments['perception_targets'] = argument(context, 'results_topic')
    else:
        messages = [LogInfo(
            msg='ai_msgs is not installed, so there are no results for the web page and other nodes '
                'of TROS: vision_msgs/Classification is published alone.')]
    return [*messages, included_classifier(**arguments)]


def _profile(context):
    """The merged profile for every process from here on, unless the user has one of their own."""
    if context.environment.get('RMW_IMPLEMENTATION', '') not in ('', 'rmw_fastrtps_cpp'):
        return []
    own = own_settings(context, FAST_DDS_PROFILE_VARIABLES)
    if own:
        return [LogInfo(msg=f'The profile {own[0]} stays in force: zero copy is as it says.')]
    path = os.path.join(SHARE, 'config', 'fastdds.xml')
    variables = {**ZERO_COPY, **dict.fromkeys(FAST_DDS_PROFILE_VARIABLES, path)}
    return [SetEnvironmentVariable(name, value) for name, value in variables.items()]


def _start(context):
    camera = argument(context, 'camera')
    if camera not in CAMERAS:
        raise RuntimeError(
            f'Expected one of {", ".join(CAMERAS)} for the argument camera '
            f'but received "{camera}".')
    with_page = flag_argument(context, 'web')
    entities = _profile(context)
    entities += _camera(context, camera)
    entities += _codec(context, camera, with_page)
    entities += _classifier(context, camera)
    if with_page:
        entities += _included(context, 'websocket', 'websocket.launch.py', {
            'websocket_image_topic': JPEG_TOPIC,
            'websocket_image_type': 'mjpeg',
            'websocket_smart_topic': argument(context, 'results_topic'),
        }, 'web page')
    return entities


def generate_launch_description():
    # Of classifier.launch.py; _start looks at it before that is included.
    topics = declared(
        ('image_topics', '', "Other image topics than the camera's, separated by commas."),
    )
    return LaunchDescription([*_arguments(), *topics, OpaqueFunction(function=_start)])
