"""What the launch files of effvit share: reading arguments, and finding the package's executables."""
import os

from launch.substitutions import LaunchConfiguration

# The package's share folder, installed (share/effvit) or the clone.
SHARE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

TRUE = ('true', '1', 'yes', 'on')
FALSE = ('false', '0', 'no', 'off')


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


def executable(installed_name, clone_path):
    """Return the path of an executable: in lib/effvit beside the share folder, or in a clone."""
    installed = os.path.join(SHARE, '..', '..', 'lib', 'effvit', installed_name)
    for path in (installed, os.path.join(SHARE, clone_path)):
        if os.access(path, os.X_OK):
            return os.path.normpath(path)
    raise RuntimeError(
        f'The executable {installed_name} was not found beside {SHARE}: build the package with '
        'colcon, or launch from a clone.')
