# SPDX-License-Identifier: Apache-2.0
"""typist: answer a program's questions at a terminal of its own.

    typist.py ANSWER COMMAND...

COMMAND gets a new terminal as its input and its controlling terminal; its output stays
where it was. ANSWER is typed ahead, for a question that is asked on stderr, and again at
each prompt on the terminal (what ends in ": "), before which passphrase readers throw
away what was typed.
"""
import os
import pty
import sys


def main(answer, *command):
    out, err = os.dup(1), os.dup(2)
    pid, terminal = pty.fork()
    if pid == 0:
        os.dup2(out, 1)
        os.dup2(err, 2)
        os.execvp(command[0], command)
    os.write(terminal, answer.encode() + b"\n")
    while True:
        try:
            asked = os.read(terminal, 4096)
        except OSError:  # the last who had it open is gone
            break
        if asked.endswith(b": "):
            os.write(terminal, answer.encode() + b"\n")
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
