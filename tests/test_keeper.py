import os
import signal
import subprocess
import sys
import time
from itertools import accumulate

from tongshi.keeper import next_pause
from tongshi.settings import ROOT

FREEZES = "import os, signal; print(os.getpid(), flush=True); os.kill(os.getpid(), signal.SIGSTOP)"


def test_a_part_that_is_frozen_does_not_keep_the_system_from_stopping():
    command = [sys.executable, "-m", "tongshi.keeper", sys.executable, "-c", FREEZES]
    keeper = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    part = int(keeper.stdout.readline())
    time.sleep(0.3)
    keeper.terminate()
    assert keeper.wait(10) == 0
    try:
        os.kill(part, signal.SIGKILL)
    except ProcessLookupError:
        return
    raise AssertionError("The frozen part is still there.")


def test_the_pause_grows_while_a_part_keeps_dying():
    assert list(accumulate([20, 5, 5, 5, 5, 5, 61, 5], next_pause, initial=0))[1:] == [1, 2, 4, 8, 10, 10, 1, 2]
