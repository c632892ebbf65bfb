"""Start the classifier node and play a bag to it; every argument of classifier.launch.py is one here too.

    ros2 launch effvit replay.launch.py bag:=/path/to/bag image_topics:=/camera/image_raw
"""
import os
import sys

from launch import LaunchDescription
from launch.actions import (
    EmitEvent,
    ExecuteProcess,
    OpaqueFunction,
    RegisterEventHandler,
    SetLaunchConfiguration,
)
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown

# The helpers lie beside this file, wherever launch has loaded it from.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from effvit_launch import (  # noqa: E402
    argument,
    declared,
    executable,
    flag_argument,
    included_classifier,
    number_argument,
)

# As `effvit play` takes it.
RATE_RANGE = (0.01, 100.0)


def _arguments():
    return declared(
        ('bag', None, 'Bag to play: its folder, or its .mcap or .db3 file.'),
        ('rate', '1.0', 'Speed of the replay, 1.0 as recorded.'),
        ('loop', 'false', 'Begin again at the end of the bag (true, false).'),
        ('clock', 'false',
         'Publish the time of the bag on /clock, and let the node use it '
         '(true, false).'),
        ('player', 'effvit',
         'effvit (waits for the node to subscribe), or ros2bag (ros2 bag play, '
         'which loses what it plays before the node is ready).'),
        ('exit_at_end', 'true', 'End the launch when the bag was played (true, false).'),
    )


def _player(context):
    player = argument(context, 'player')
    if player == 'effvit':
        command = [executable('effvit', os.path.join('bin', 'effvit.cjs')), 'play']
    elif player == 'ros2bag':
        command = ['ros2', 'bag', 'play']
    else:
        raise RuntimeError(
            f'Expected effvit or ros2bag for the argument player but received "{player}".')
    bag = argument(context, 'bag')
    if not os.path.exists(bag):
        raise RuntimeError(f'Expected a bag for the argument bag but there is no "{bag}".')
    command += [os.path.abspath(bag), '--rate', f'{number_argument(context, "rate", float, *RATE_RANGE):g}']
    if flag_argument(context, 'loop'):
        command.append('--loop')
    if flag_argument(context, 'clock'):
        command.append('--clock')
    return ExecuteProcess(cmd=command, name='bag_player', output='screen')


def _begin(context):
    """Refuse wrong arguments before the node is started; let it use the time of the player.

    A launch that fails leaves the processes running that it has started already.
    """
    _player(context)
    flag_argument(context, 'exit_at_end')
    return [SetLaunchConfiguration('use_sim_time', 'true')] if flag_argument(context, 'clock') else []


def _play(context):
    player = _player(context)
    if not flag_argument(context, 'exit_at_end'):
        return [player]
    return [RegisterEventHandler(OnProcessExit(target_action=player, on_exit=_end)), player]


def _end(event, context):
    """End the launch with its player, unless it is the launch that has ended it."""
    if context.is_shutdown:
        return None
    return [EmitEvent(event=Shutdown(reason='the bag was played'))]


def generate_launch_description():
    return LaunchDescription(_arguments() + [
        OpaqueFunction(function=_begin),
        included_classifier(),
        OpaqueFunction(function=_play),
    ])
