"""Start the classifier node: configured, active, with a Fast DDS profile for large images.

    ros2 launch effvit classifier.launch.py image_topics:=/camera/image_raw
    ros2 launch effvit classifier.launch.py --show-args
"""
import os
import sys
import threading
import time

from launch import LaunchDescription
from launch.actions import LogInfo, OpaqueFunction, RegisterEventHandler, SetEnvironmentVariable
from launch.event_handlers import OnProcessExit, OnProcessStart
from launch.logging import get_logger
from launch_ros.actions import LifecycleNode

# The helpers lie beside this file, wherever launch has loaded it from.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from effvit_launch import (  # noqa: E402
    FAST_DDS_PROFILE_VARIABLES,
    SHARE,
    argument,
    declared,
    executable,
    flag_argument,
    given_parameters,
    number_argument,
    own_settings,
    parameter_arguments,
)

FAST_DDS = ('rmw_fastrtps_cpp', 'rmw_fastrtps_dynamic_cpp')
# Any of these means that the user has settings of their own.
FAST_DDS_VARIABLES = FAST_DDS_PROFILE_VARIABLES + ('FASTDDS_BUILTIN_TRANSPORTS',)
# Camera and node reserve a segment of 64 MB each; below this the profile would fail and cost the default transport.
SHARED_MEMORY_NEEDED_MB = 192

POLL_S = 0.2
# Until a service counts as not answering.
ANSWER_LIMIT_S = 3.0
# A change that was asked for begins within this many looks at the state, or is asked for again.
RESEND_POLLS = 15


def _arguments():
    return [*parameter_arguments(), *declared(
        ('namespace', '', 'Namespace of the node and its topics.'),
        ('name', 'classifier', 'Name of the node.'),
        ('params_file', os.path.join(SHARE, 'config', 'classifier.yaml'),
         'YAML file with the parameters of the node; the arguments here go over it.'),
        ('use_sim_time', '', 'Take the time from /clock (true, false). Empty: as in params_file.'),
        ('autostart', 'true',
         'Configure and activate the node when its process starts (true, false). '
         'Else it waits for ros2 lifecycle set.'),
        ('respawn', 'false', 'Start the process again when it ends (true, false).'),
        ('respawn_delay', '2.0', 'Seconds before it is started again.'),
        ('log_level', 'info', 'debug, info, warn, error or fatal; or LOGGER:=LEVEL.'),
        ('dds_profile', 'auto',
         'auto: the settings for large images of config/fastdds.xml (or '
         'config/cyclonedds.xml), unless you have set your own; none; or the path '
         'of a file. Nodes started later in the same launch get it too.'),
        ('enclave', '', 'SROS 2 enclave of the node. Empty: none.'),
    )]


def _file(name, path):
    if not os.path.isfile(path):
        raise RuntimeError(f'Expected a file for the argument {name} but there is no "{path}".')
    return os.path.abspath(path)


def _parameters(context):
    """Return the params file and, over it, what was given as arguments."""
    over = given_parameters(context)
    if argument(context, 'use_sim_time'):
        over['use_sim_time'] = flag_argument(context, 'use_sim_time')
    file = _file('params_file', argument(context, 'params_file'))
    return [file, over] if over else [file]


def _free_shared_memory_mb():
    try:
        status = os.statvfs('/dev/shm')
    except OSError:
        return 0
    return status.f_bavail * status.f_frsize // 2**20


def _fast_dds(context, profile):
    if profile == 'auto':
        if own_settings(context, FAST_DDS_VARIABLES):
            return []
        profile = os.path.join(SHARE, 'config', 'fastdds.xml')
        free = _free_shared_memory_mb()
        if free < SHARED_MEMORY_NEEDED_MB:
            path = os.path.join(SHARE, 'config', 'fastdds_udp.xml')
            return [LogInfo(
                msg=f'/dev/shm has {free} MB free, and config/fastdds.xml needs '
                    f'{SHARED_MEMORY_NEEDED_MB}: images come by UDP, by config/fastdds_udp.xml '
                    '(for shared memory in Docker, run with --shm-size=1g).'),
                *_fast_dds_profile(path)]
    return _fast_dds_profile(_file('dds_profile', profile))


def _fast_dds_profile(path):
    return [SetEnvironmentVariable(name, path) for name in FAST_DDS_PROFILE_VARIABLES]


def _cyclone_dds(context, profile):
    if profile == 'auto':
        if context.environment.get('CYCLONEDDS_URI'):
            return []
        profile = os.path.join(SHARE, 'config', 'cyclonedds.xml')
    return [SetEnvironmentVariable('CYCLONEDDS_URI', f'file://{_file("dds_profile", profile)}')]


def _dds_profile(context):
    profile = argument(context, 'dds_profile')
    middleware = context.environment.get('RMW_IMPLEMENTATION') or 'rmw_fastrtps_cpp'
    if profile in ('', 'none'):
        return []
    if middleware in FAST_DDS:
        return _fast_dds(context, profile)
    if middleware == 'rmw_cyclonedds_cpp':
        return _cyclone_dds(context, profile)
    return []


def _answer(client, request, is_over):
    """Return the answer of a service, or None where none came in time."""
    if not client.wait_for_service(timeout_sec=POLL_S):
        return None
    answered = threading.Event()
    future = client.call_async(request)
    future.add_done_callback(lambda _: answered.set())
    for _ in range(round(ANSWER_LIMIT_S / POLL_S)):
        if answered.wait(POLL_S):
            return future.result()
        if is_over():
            break
    client.remove_pending_request(future)
    return None


def _change_state(clients, request, before, after, is_over):
    """Bring the node from one state into one of others; return False where it refused.

    A process that was killed is listed until its lease ends, and a request that goes to it is lost.
    So the node is asked for its state until it answers, and the request is sent again while the
    node stays in its old state and has not answered.
    """
    from lifecycle_msgs.msg import State
    from lifecycle_msgs.srv import GetState

    get_state, change_state = clients
    future, patience = None, 0
    while not is_over():
        answer = _answer(get_state, GetState.Request(), is_over)
        if answer is None:
            continue
        state = answer.current_state.id
        if state in after:
            return True
        if state == State.PRIMARY_STATE_FINALIZED:
            return False
        if state != before:
            # On its way.
            patience = RESEND_POLLS
        elif future is not None and future.done() and not future.result().success:
            return False
        elif patience > 0:
            patience -= 1
        elif change_state.wait_for_service(timeout_sec=POLL_S):
            future, patience = change_state.call_async(request), RESEND_POLLS
        time.sleep(POLL_S)
    return True


def _change_states(context, node, is_current=lambda: True):
    """Configure and activate the node; runs in a thread of its own, until is_current says no.

    By the services rather than by LifecycleNode's transition events: an event that is published
    before the launch process was matched would be lost, and the node never activated.
    """
    from launch_ros.ros_adapters import get_ros_node
    from lifecycle_msgs.msg import State, Transition
    from lifecycle_msgs.srv import ChangeState, GetState

    name = node.node_name
    ros_node = get_ros_node(context)
    clients = (ros_node.create_client(GetState, f'{name}/get_state'),
               ros_node.create_client(ChangeState, f'{name}/change_state'))
    inactive, active = State.PRIMARY_STATE_INACTIVE, State.PRIMARY_STATE_ACTIVE
    try:
        for label, transition, before, after in (
            ('configure', Transition.TRANSITION_CONFIGURE,
             State.PRIMARY_STATE_UNCONFIGURED, (inactive, active)),
            ('activate', Transition.TRANSITION_ACTIVATE, inactive, (active,)),
        ):
            request = ChangeState.Request()
            request.transition.id = transition
            if not _change_state(clients, request, before, after,
                                 lambda: context.is_shutdown or not is_current()):
                get_logger('classifier.launch').error(
                    f'{name} refused to {label}: see its log for the reason, then use '
                    f'ros2 lifecycle set {name} {label}.')
                return
    finally:
        for client in clients:
            ros_node.destroy_client(client)


def _start_on_process_start(context, node):
    """Return the handlers that make the node active each time its process starts, respawns too.

    The launch service waits for what was begun, so that it has to end with the process.
    """
    starts = []

    def start(event, context):
        starts.append(event)
        context.add_completion_future(context.asyncio_loop.run_in_executor(
            None, _change_states, context, node, lambda: starts[-1] is event))

    def end(event, context):
        starts.append(event)

    return [RegisterEventHandler(OnProcessStart(target_action=node, on_start=start)),
            RegisterEventHandler(OnProcessExit(target_action=node, on_exit=end))]


def _setup(context):
    ros_arguments = ['--log-level', argument(context, 'log_level')]
    if argument(context, 'enclave'):
        ros_arguments += ['--enclave', argument(context, 'enclave')]
    node = LifecycleNode(
        executable=executable('classifier_node', os.path.join('bin', 'classifier_node')),
        exec_name='classifier_node',
        name=argument(context, 'name'),
        namespace=argument(context, 'namespace'),
        parameters=_parameters(context),
        ros_arguments=ros_arguments,
        respawn=flag_argument(context, 'respawn'),
        respawn_delay=number_argument(context, 'respawn_delay', float, 0.0, 3600.0),
        output='screen',
    )
    actions = _dds_profile(context)
    if flag_argument(context, 'autostart'):
        actions += _start_on_process_start(context, node)
    return actions + [node]


def generate_launch_description():
    return LaunchDescription(_arguments() + [OpaqueFunction(function=_setup)])
