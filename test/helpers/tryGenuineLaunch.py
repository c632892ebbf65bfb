"""Run every launch file by the genuine launch, launch_ros and ros2cli.

    tryGenuineLaunch.py LAUNCH_FOLDER MODEL BAG PICTURE

For machines that have these packages. For each file: `--show-args` names every argument that the file declares; each
argument is given once, with a value other than its default, and the launch must come as far as a running node and end by
SIGINT; a wrong value must be refused before anything starts; and a launch whose node dies at once must end by itself.
Prints a line for each, and exits 1 where one failed.
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

LAUNCH = [sys.executable, '-c', 'import sys; from ros2cli.cli import main; sys.exit(main())', 'launch']
LIMIT_S = 180
# `import launch` would find the launch folder of a clone.
ELSEWHERE = tempfile.gettempdir()


def values(model, bag, picture, params_file):
    """Return a value for each argument, other than its default; None: it needs what is not everywhere."""
    return {
        'image_topics': '/a,/b', 'image_transport': 'compressed', 'namespace': 'robot', 'name': 'eye',
        'perception_targets': 'targets',
        'params_file': params_file, 'model': model, 'backend': 'onnx', 'threads': '1',
        'use_sim_time': 'false', 'autostart': 'false', 'respawn': 'true', 'respawn_delay': '1.5',
        'log_level': 'debug', 'dds_profile': 'none', 'enclave': None, 'bag': bag, 'rate': '2.0', 'loop': 'true',
        'clock': 'true', 'player': None, 'exit_at_end': 'false',
        'camera': 'usb', 'device': '/dev/video1', 'image_width': '640', 'image_height': '480',
        'image': picture, 'web': 'false', 'results_topic': 'found',
        'enabled': 'false', 'detections_topics': '/boxes', 'roi': '0,0,0.5,0.5', 'top_k': '2',
        'score_threshold': '0.1', 'max_fps': '5.0', 'drop_policy': 'newest', 'resize_mode': 'letterbox',
        'resize_on': 'cpu', 'source_yuv_range': 'full', 'smoothing': 'majority', 'picture_checks': 'report',
        'known_score': 'energy', 'known_score_threshold': '1.0', 'classification_per_camera': 'true',
        'classification_results': 'smoothed', 'class_id_format': 'label', 'web_port': '8099',
        'web_address': '0.0.0.0',
    }


def needed(argument, arguments, model, bag):
    """Return what a launch needs beside the argument that is tried."""
    base = {'model': model}
    if 'bag' in arguments:
        base['bag'] = bag
    if argument == 'image':
        base['camera'] = 'file'
    if argument == 'classification_results':
        base['smoothing'] = 'majority'
    return base


def declared(path):
    done = subprocess.run([*LAUNCH, path, '--show-args'], capture_output=True, text=True, timeout=LIMIT_S, cwd=ELSEWHERE)
    if done.returncode != 0:
        sys.exit(f'{path} --show-args failed: {done.stderr}')
    return re.findall(r"^    '(\w+)':", done.stdout, re.MULTILINE)


def run(path, arguments, until=None):
    """Launch until the output matches, then end it by SIGINT; return its exit code and its output."""
    with tempfile.TemporaryFile('w+') as log:
        child = subprocess.Popen(
            [*LAUNCH, path, *arguments],
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True, cwd=ELSEWHERE)
        deadline, is_told = time.monotonic() + LIMIT_S, False
        try:
            while child.poll() is None and time.monotonic() < deadline:
                time.sleep(0.2)
                log.seek(0)
                if until is not None and not is_told and re.search(until, log.read()):
                    # As Ctrl-C in a terminal that reaches launch alone, or systemd.
                    child.send_signal(signal.SIGINT)
                    is_told = True
            code = child.poll()
        finally:
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            child.wait()
        log.seek(0)
        return code, is_told or until is None, log.read()


def main():
    folder, model, bag, picture = sys.argv[1:5]
    folder, bag, picture = map(os.path.abspath, (folder, bag, picture))
    failures = 0

    def tell(is_good, what, output):
        nonlocal failures
        print('ok  ' if is_good else 'FAIL', what, flush=True)
        if not is_good:
            failures += 1
            print(output[-2000:])

    with tempfile.NamedTemporaryFile('w', suffix='.yaml') as params:
        params.write('/**:\n  ros__parameters:\n    top_k: 3\n')
        params.flush()
        known = values(model, bag, picture, params.name)
        for name in sorted(os.listdir(folder)):
            if not name.endswith('.launch.py'):
                continue
            path = os.path.join(folder, name)
            arguments = declared(path)
            unknown = sorted(set(arguments) - set(known))
            tell(not unknown, f'{name} --show-args: {len(arguments)} arguments', f'no value for {unknown}')
            for argument in arguments:
                value = known.get(argument)
                if value is None:
                    print('left', name, argument)
                    continue
                base = needed(argument, arguments, model, bag)
                given = [f'{key}:={text}' for key, text in {**base, argument: value}.items()]
                until = r'unconfigured' if argument == 'autostart' else r'Listening to'
                code, came, output = run(path, given, until)
                tell(code is not None and came, f'{name} {argument}:={value}', output)
            base = [f'{key}:={text}' for key, text in needed(None, arguments, model, bag).items()]
            code, _, output = run(path, [*base, 'threads:=0'])
            tell(code == 1 and '1 to 16' in output, f'{name} threads:=0 is refused', output)
            if 'camera' in arguments:
                code, _, output = run(path, [*base, 'camera:=parrot'])
                tell(code == 1 and 'parrot' in output, f'{name} camera:=parrot is refused', output)
        code, _, output = run(os.path.join(folder, 'classifier.launch.py'), ['log_level:=no_such_level'])
        tell(code is not None, 'a launch whose node dies at once ends', output)
    sys.exit(1 if failures else 0)


main()
