# SPDX-License-Identifier: Apache-2.0
"""What the benches share: what a process costs, medians of several that take turns, the lines
of the table ("work | ours | peer | ratio | goal | reached?"), and the raw numbers."""
import json
import os
import statistics
import subprocess
import sys
import time
from typing import NamedTuple

raw = {}


class Cost(NamedTuple):
    wall: float  # seconds
    cpu: float  # seconds, with those of its children
    kb: int  # of its largest process, and not less than this Python has had: see peak()


def run(command, status=0, stdin=None):
    """The cost of a command, which says nothing; a text is a line of bash. It is started by
    posix_spawn(3) and nothing between, so that a ratio is that of the programs."""
    if isinstance(command, str):
        command = ["bash", "-o", "pipefail", "-ec", command]
    talk = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1, 2)]
    if stdin:
        talk[0] = (os.POSIX_SPAWN_DUP2, stdin.fileno(), 0)
    begin = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=talk)
    _, ended, used = os.wait4(pid, 0)
    wall = time.perf_counter() - begin
    ended = os.waitstatus_to_exitcode(ended)
    if ended != status:
        sys.exit("bench: ended with %d: %s" % (ended, " ".join(command)[:200]))
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss)


def peak(command):
    """The memory that it takes, in MB, started by a Python that has had none."""
    code = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, "
            "stdout=subprocess.DEVNULL); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    done = subprocess.run([sys.executable, "-c", code, *command], check=True, stdout=subprocess.PIPE)
    return int(done.stdout) / 1024


def median(costs):
    """Of each column by itself: a busy machine spoils wall more than CPU."""
    return Cost(*map(statistics.median, zip(*costs)))


def by_turns(name, rounds, *calls, prepare=lambda: None):
    """The median cost of each call, which take turns."""
    seen = [[] for _ in calls]
    for _ in range(rounds):
        for call, costs in zip(calls, seen):
            prepare()
            costs.append(call())
    raw[name] = seen
    return map(median, seen)


def seconds(s):
    return f"{s:.2f} s" if s >= 1 else f"{1000 * s:.3g} ms"


def row(work, ours, peer="-", ratio="-", goal="-", reached=None):
    print(f"{work} | {ours} | {peer} | {ratio} | {goal} | "
          f"{ {True: 'yes', False: 'NO', None: '-'}[reached]}", flush=True)


def compare(work, ours, peer, goal, faster=False, floor=None):
    """A row of seconds. The goal is at most that ratio; `faster`: at least that many times as
    fast. Beside one that is not reached: whether `floor` reaches it, what nobody who does the
    work can do without, as (what that is, its seconds)."""
    ratio = peer / ours if faster else ours / peer
    reached = ratio >= goal if faster else ratio <= goal
    row(work, seconds(ours), seconds(peer), f"{ratio:.2f} x",
        f"at least {goal:g} x faster" if faster else f"at most {goal:g} x", reached)
    if floor and not reached:
        compare("  floor: " + floor[0], floor[1], peer, goal, faster)


def limit(work, value, most, unit):
    """A row without a peer."""
    shown = f"{value:.3g}" if value < 1000 else f"{value:.0f}"
    row(work, f"{shown} {unit}", goal=f"at most {most} {unit}", reached=value <= most)


def keep(out, name):
    """The raw numbers, beside the table of the bench."""
    os.makedirs(out + "/bench", exist_ok=True)
    with open(f"{out}/bench/{name}.json", "w", encoding="ascii") as f:
        json.dump(raw, f, indent=1)
