#!/usr/bin/env python3
"""Replays bags on a Ray cluster and merges the results: the report is, byte for byte, that of one machine.

  python3 replay_on_ray.py --output-dir results 's3://robots/2026-*/*.mcap' drives @more.txt -- --model MODEL

Bags are local paths (the same on every node), folders, patterns and @lists, or URLs that fsspec reads. What stands
behind -- goes to effvit, which every node must have. A stopped run goes on when it is started again.
"""
import argparse
import ctypes
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

import fsspec

os.environ.setdefault('RAY_USAGE_STATS_ENABLED', '0')  # Ray reports nothing to its maker
import ray  # noqa: E402

EFFVIT = f'node {pathlib.Path(__file__).resolve().parents[2] / "bin" / "effvit.cjs"}'


def found(urls, storage):
    """Lines of a list, "path, name, version", of what patterns of URLs match now."""
    for url in urls:
        fs, path = fsspec.url_to_fs(url, **storage)
        for match in fs.glob(path) if fs.glob(path) else [path]:
            name = fs.unstrip_protocol(match)
            yield f'{name}\t{name}\t{fs.ukey(match) if fs.exists(match) else "absent"}'


def fetched(line, folder, storage):
    """The line with the path of a local copy, where its bag is a URL."""
    path, name, version = line.split('\t')
    if '://' not in path:
        return line
    fs, remote = fsspec.url_to_fs(path, **storage)
    local = pathlib.Path(tempfile.mkdtemp(dir=folder)) / remote.rstrip('/').split('/')[-1]
    if fs.exists(remote):  # an absent one is told by effvit; what fails otherwise is tried again
        fs.get(remote, str(local), recursive=fs.isdir(remote))
    truth = f'{os.path.splitext(remote)[0]}.truth.json'
    if fs.exists(truth):
        fs.get(truth, str(local.with_suffix('.truth.json')))
    return f'{local}\t{name}\t{version}'


def list_bags(command):
    """What effvit makes of the arguments: the bags as lines of a list, and the key of the run."""
    listing = json.loads(subprocess.run([*command, '--list-bags', '--json'], check=True, stdout=subprocess.PIPE).stdout)
    bags = ['\t'.join([bag['path'], bag['name'], bag.get('version', '')]) for bag in listing['bags']]
    return {**listing, 'bags': bags}


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, Linux: no orphan of a killed worker


def replay(lines, effvit, options, storage):
    """Replays some bags on a node of the cluster; gives the files that effvit made, by their relative paths."""
    with tempfile.TemporaryDirectory(prefix='effvit-ray-') as folder:
        out, bags = pathlib.Path(folder, 'out'), pathlib.Path(folder, 'bags.txt')
        bags.write_text('\n'.join(fetched(line, folder, storage) for line in lines))
        command = [*effvit, f'@{bags}', '--output-dir', out, '--shard', '0/1', '--quiet', *options]
        done = subprocess.run(command, capture_output=True, text=True, preexec_fn=die_with_parent)
        files = {str(file.relative_to(out)): file.read_bytes() for file in out.rglob('*.json')}
        if sum('/bags/' in name for name in files) != len(lines):  # 1 is also the exit code of a broken bag
            raise RuntimeError(f'effvit ended with {done.returncode}: {done.stderr[-2000:]}')
        return files


def keep(files, out):
    for name, content in files.items():
        path = out / name
        if '/results/' in name and path.exists() and path.read_bytes() != content:
            print(f'{path} differs between two workers: do they have different processors?', file=sys.stderr)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f'.{path.name}.{os.getpid()}.part')
        part.write_bytes(content)
        part.replace(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('bags', nargs='+', help='paths, patterns, @lists; URLs for fsspec, with patterns')
    parser.add_argument('--output-dir', required=True, type=pathlib.Path, help='on this machine')
    parser.add_argument('--command', choices=['replay', 'eval'], default='replay')
    parser.add_argument('--address', default='auto', help='of the cluster; "local" starts one here')
    parser.add_argument('--cpus', type=float, default=1, help='of one task; may be a fraction')
    parser.add_argument('--resources', type=json.loads, default={}, help='further ones, e.g. {"bpu": 0.5}')
    parser.add_argument('--bags-per-task', type=int, default=8, help='so many share the start of one process')
    parser.add_argument('--retries', type=int, default=3, help='of a task whose worker died or failed')
    parser.add_argument('--storage', type=json.loads, default={}, help='options for fsspec')
    parser.add_argument('--effvit', default=EFFVIT, help='the command on every node')
    argv = sys.argv[1:]
    cut = argv.index('--') if '--' in argv else len(argv)
    args, options = parser.parse_args(argv[:cut]), argv[cut + 1:]
    effvit = args.effvit.split()
    with tempfile.TemporaryDirectory() as folder:
        listed = pathlib.Path(folder, 'bags.txt')
        listed.write_text('\n'.join(found([bag for bag in args.bags if '://' in bag], args.storage)))
        named = [bag for bag in args.bags if '://' not in bag] + ([f'@{listed}'] if listed.stat().st_size else [])
        everything = list_bags([*effvit, args.command, *named])
        listed.write_text('\n'.join(everything['bags']))
        listing = list_bags([*effvit, args.command, f'@{listed}', '--output-dir', args.output_dir, *options])
        todo = listing['bags']
        ray.init(address=None if args.address == 'local' else args.address, log_to_driver=False)
        task = ray.remote(num_cpus=args.cpus, resources=args.resources, max_retries=args.retries,
                          retry_exceptions=True, scheduling_strategy='SPREAD')(replay)
        submit = lambda lines: task.remote(lines, [*effvit, args.command], options, args.storage)
        batches = [todo[at:at + args.bags_per_task] for at in range(0, len(todo), args.bags_per_task)][::-1]
        pending, done, lost = {}, 0, 0
        while batches or pending:
            while batches and len(pending) < 1000:
                batch = batches.pop()
                pending[submit(batch)] = batch
            for ref in ray.wait(list(pending), timeout=60)[0]:
                batch = pending.pop(ref)
                try:
                    keep(ray.get(ref), args.output_dir)
                    done += len(batch)
                except ray.exceptions.RayError as error:
                    print(str(error).strip().splitlines()[-1], file=sys.stderr)
                    # One bag that kills its worker costs itself.
                    batches += [[line] for line in batch] if len(batch) > 1 else []
                    lost += len(batch) == 1
                print(f'{done + lost}/{len(todo)} bags, {lost} without a result', flush=True)
        ray.shutdown()
        return subprocess.run([*effvit, 'merge', args.output_dir, f'@{listed}', '--run', listing['run']]).returncode


if __name__ == '__main__':
    sys.exit(main())
