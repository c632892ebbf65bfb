"""What the launch files of effvit share: reading arguments, the parameters among them, and finding executables."""
import os

from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.parameter_descriptions import ParameterValue

# The package's share folder, installed (share/effvit) or the clone.
SHARE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Fast DDS 2 (Humble, Jazzy) reads the first name, Fast DDS 3 (Kilted) the second.
FAST_DDS_PROFILE_VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')

TRUE = ('true', '1', 'yes', 'on')
FALSE = ('false', '0', 'no', 'off')


def declared(*rows):
    """Declare arguments by name, default (None: it must be given) and description."""
    return [DeclareLaunchArgument(name, default_value=default, description=description)
            for name, default, description in rows]


def argument(context, name):
    return LaunchConfiguration(name).perform(context).strip()


def flag_argument(context, name):
    text = argument(context, name).lower()
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    raise RuntimeError(f'Expected true or false for the argument {name} but received "{text}".')


def number_argument(context, name, kind, low, high):
    text = argument(context, name)
    try:
        result = kind(text)
    except ValueError:
        result = None
    if result is None or not low <= result <= high:
        raise RuntimeError(
            f'Expected a number from {low:g} to {high:g} for the argument {name} but received "{text}".')
    return result


def text(context, name):
    # Typed, or a model named 1.0 would arrive as a number.
    return ParameterValue(argument(context, name), value_type=str)


def topics(context, name):
    return [topic for topic in places(context, name) if topic]


def places(context, name):
    return [topic.strip() for topic in argument(context, name).split(',')]


def whole(low, high):
    return lambda context, name: number_argument(context, name, int, low, high)


def number(low, high):
    return lambda context, name: number_argument(context, name, float, low, high)


# The parameters of the node that are arguments, each under its own name; empty as in params_file.
# Name, how its text is read, description. Names, types and ranges are those of docs/user/parameters.md.
PARAMETERS = (
    ('image_topics', topics,
     'Image topic or topics to classify, separated by commas, e.g. /camera/image_raw or '
     '/left/image_raw,/right/image_raw.'),
    ('image_transport', text,
     'auto (what the camera sends), raw (sensor_msgs/Image) or compressed '
     '(sensor_msgs/CompressedImage on <topic>/compressed).'),
    ('enabled', flag_argument,
     'false: the node begins paused, and takes a frame on request only (true, false).'),
    ('detections_topics', places,
     'Topic or topics of detectors (vision_msgs/Detection2DArray) whose boxes are classified, separated by '
     'commas: one for all cameras, or one for each, empty for a camera without a detector (/left,,/rear).'),
    ('roi', text,
     'x,y,width,height: the part of every frame that is classified, in pixels or in fractions of it.'),
    ('model', text,
     'Name of a model (effvit model list), a folder with a manifest.yaml, an .onnx or .bin file, or auto: '
     'efficientvit_m5 where its files were pulled, else the bundled one.'),
    ('backend', text, 'auto, onnx (CPU), bpu, or bpu_sim (a simulation).'),
    ('threads', whole(1, 16), 'Inference worker threads, 1 to 16.'),
    ('top_k', whole(1, 1000), 'Classes in a result, best first, 1 to 1000.'),
    ('score_threshold', number(0, 1), 'Classes with a score below this are left out, 0 to 1.'),
    ('max_fps', number(0, 10000), 'Most frames a second of each camera; 0: no limit.'),
    ('drop_policy', text, 'Which of the waiting frames is dropped for another: oldest or newest.'),
    ('resize_mode', text, 'model (as its manifest says), stretch, crop or letterbox.'),
    ('resize_on', text, 'What resizes frames: auto, cpu or bpu.'),
    ('source_yuv_range', text, 'Range of YUV images: full or limited.'),
    ('smoothing', text, 'Results smoothed over time: none, exponential, majority or hysteresis.'),
    ('picture_checks', text, 'Looks at pictures: none, report, or unknown (no class for one that cannot be trusted).'),
    ('known_score', text, 'Judges whether a picture shows any of the classes: none, energy or max_logit.'),
    ('known_score_threshold', number(-1e6, 1e6), 'With known_score: UNKNOWN below this score.'),
    ('classification_per_camera', flag_argument, 'One topic of results for each camera (true, false).'),
    ('classification_results', text, 'With smoothing: raw or smoothed results on classification.'),
    ('class_id_format', text, 'class_id of a result: index, whose name is in label_info, or label.'),
    ('perception_targets', text, 'Topic for the results as TROS has them (ai_msgs/PerceptionTargets).'),
    ('web_port', whole(0, 65535), 'Port of the live page for browsers; 0: none.'),
    ('web_address', text, 'Address of the live page: 127.0.0.1 for this machine alone, 0.0.0.0 for everybody.'),
)


def parameter_arguments():
    return declared(*((name, '', f'{description} Empty: as in params_file.')
                      for name, _, description in PARAMETERS))


def given_parameters(context):
    """Return the parameters that were given as arguments, with their types."""
    given = {name: read(context, name) for name, read, _ in PARAMETERS if argument(context, name)}
    # Commas alone name no topic.
    return {name: value for name, value in given.items() if value != []}


def own_settings(context, names):
    """Return what the user has set in these variables; hobot_shm's of TROS is part of our profile."""
    given = [context.environment.get(name, '') for name in names]
    return [value for value in given if value and '/hobot_shm/' not in value]


def included_classifier(**arguments):
    """Include classifier.launch.py with these arguments over those of the command line."""
    path = os.path.join(SHARE, 'launch', 'classifier.launch.py')
    return IncludeLaunchDescription(
        PythonLaunchDescriptionSource(path), launch_arguments=arguments.items())


def executable(installed_name, clone_path):
    """Return the path of an executable: in lib/effvit beside the share folder, or in a clone."""
    installed = os.path.join(SHARE, '..', '..', 'lib', 'effvit', installed_name)
    for path in (installed, os.path.join(SHARE, clone_path)):
        if os.access(path, os.X_OK):
            return os.path.normpath(path)
    raise RuntimeError(
        f'The executable {installed_name} was not found beside {SHARE}: build the package with '
        'colcon, or launch from a clone.')
