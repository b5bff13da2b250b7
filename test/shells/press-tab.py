"""
Types lines into an interactive shell, each followed by Tab, and prints what the shell made of them, as JSON.

usage: press-tab.py FILE SHELL [ARGUMENT...] < LINES
FILE is where the shell writes its line when Ctrl-O is pressed. Its prompt is PROMPT.
"""

import json
import os
import pty
import select
import sys
import time

TIMEOUT = 60


PROMPT = b"READY> "


def drain(terminal):
    """A shell whose output is not read stops."""
    output = b""
    while select.select([terminal], [], [], 0.05)[0]:
        output += os.read(terminal, 65536)
    return output


def await_prompt(terminal):
    """Until the shell has set up the terminal, the terminal itself handles control characters."""
    output = b""
    deadline = time.monotonic() + TIMEOUT
    while PROMPT not in output:
        output += drain(terminal)
        if time.monotonic() > deadline:
            sys.exit(f"no prompt within {TIMEOUT} s: {output!r}")


def completed(terminal, file, line):
    # Keys are handled in order, so Ctrl-O waits for the completion; Ctrl-U empties the line for the next one.
    os.write(terminal, (line + "\t\x0f\x15").encode())
    deadline = time.monotonic() + TIMEOUT
    while not os.path.exists(file):
        drain(terminal)
        if time.monotonic() > deadline:
            sys.exit(f"{line}: no answer within {TIMEOUT} s")
    with open(file) as written:
        text = written.read()
    os.remove(file)
    return text


def main():
    file, *command = sys.argv[1:]
    lines = sys.stdin.read().splitlines()
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    await_prompt(terminal)
    print(json.dumps([completed(terminal, file, line) for line in lines]))
    os.close(terminal)


main()
