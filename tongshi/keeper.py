"""Runs one part of the system and starts it again when it dies by itself: `python -m tongshi.keeper COMMAND…`."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time

GRACE = 3.0
"""Seconds that a part has to end by itself; honcho gives its keeper five."""

SHORTEST_PAUSE = 1.0
LONGEST_PAUSE = 10.0
"""Seconds between two starts of a part, and of one that keeps dying."""


def next_pause(before: float, ran: float) -> float:
    """Seconds to wait before a part is started again.

    Args:
        before: how long was waited the last time; 0 if never.
        ran: seconds from that start until the part died.
    """
    return SHORTEST_PAUSE if ran > 60 else min(LONGEST_PAUSE, max(SHORTEST_PAUSE, before * 2))


def keep(command: list[str]) -> int:
    """Run a command until this process is told to stop.

    A part that dies within ten seconds of its first start is not started again: something is wrong with it that another try does not mend.

    Returns:
        The exit status: 0 once told to stop.
    """
    stopping = False
    child: subprocess.Popen | None = None

    def stop(number: int, _frame) -> None:
        nonlocal stopping
        stopping = True
        if child and child.poll() is None:
            child.send_signal(signal.SIGTERM)
            # One that is frozen hears nothing; killed here, since nobody else knows of it.
            last_resort = threading.Timer(GRACE, child.kill)
            last_resort.daemon = True
            last_resort.start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    first, pause = time.monotonic(), 0.0
    while True:
        began = time.monotonic()
        child = subprocess.Popen(command, start_new_session=True)
        code = child.wait()
        if stopping:
            return 0
        if time.monotonic() - first < 10:
            return code or 1
        pause = next_pause(pause, time.monotonic() - began)
        print(f"ended with status {code}; starting it again in {pause:.0f} s", flush=True)
        time.sleep(pause)


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1:]))
