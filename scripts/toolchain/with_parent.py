"""Ends this process and its child processes when its parent process has ended."""
import os
import signal
import threading
import time


def end_with_parent():
    parent = os.getppid()
    # Child processes stay in this process group, whose leader effvit makes this process, so the whole group is ended.
    leads = os.getpgrp() == os.getpid()

    def watch():
        while os.getppid() == parent:
            time.sleep(0.5)
        if leads:
            os.killpg(0, signal.SIGKILL)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
