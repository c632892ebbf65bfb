"""A Ray cluster on this machine: a head that takes no work, and two nodes of one task each. Prints a line of JSON with its
address and the process ids of the two nodes' raylets, and ends when its standard input does: rayCluster.py FOLDER"""
import json
import os
import sys

# A node that was killed is missed after two seconds, not half a minute.
os.environ.update(
    RAY_USAGE_STATS_ENABLED='0', RAY_health_check_period_ms='500', RAY_health_check_failure_threshold='4'
)
from ray.cluster_utils import Cluster  # noqa: E402

MEMORY_BYTES = 80_000_000
cluster = Cluster(
    initialize_head=True,
    head_node_args={
        'num_cpus': 0,
        'include_dashboard': False,
        'object_store_memory': MEMORY_BYTES,
        'temp_dir': sys.argv[1],
    },
)
nodes = [cluster.add_node(num_cpus=1, object_store_memory=MEMORY_BYTES) for _ in range(2)]
cluster.wait_for_nodes()
raylets = [node.all_processes['raylet'][0].process.pid for node in nodes]
print(json.dumps({'address': cluster.address, 'raylets': raylets}), flush=True)
try:
    sys.stdin.read()
finally:
    cluster.shutdown()
