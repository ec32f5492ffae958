# SPDX-License-Identifier: Apache-2.0
"""Types into a program on a terminal of its own and prints what came out.

usage: terminal.py PROGRAM ARGUMENTS... < STEPS

Each line of STEPS is a text to wait for, a tab, and what to type then (with the escapes of Python).
After a prompt of the line editor (">>> ", "... ") it is waited for until it listens. Escape sequences
of the terminal are left out of what is printed; the last line tells the exit code.
"""
import os
import pty
import re
import select
import sys
import termios
import time

PATIENCE_S = 60


def read_some(terminal):
    ready, _, _ = select.select([terminal], [], [], 0.2)
    if not ready:
        return b''
    try:
        return os.read(terminal, 65536) or None
    except OSError:  # the program has left
        return None


def wait_for_editor(terminal):
    """The line editor shows its prompt just before it takes the echo away."""
    end = time.time() + PATIENCE_S
    while termios.tcgetattr(terminal)[3] & termios.ECHO and time.time() < end:
        time.sleep(0.01)


def main():
    steps = [line.rstrip('\n').split('\t') for line in sys.stdin]
    child, terminal = pty.fork()
    if not child:
        os.execvp(sys.argv[1], sys.argv[1:])
    output, seen, piece = b'', 0, b''
    for wanted, typed in steps:
        end = time.time() + PATIENCE_S
        while wanted.encode() not in output[seen:] and piece is not None and time.time() < end:
            piece = read_some(terminal)
            output += piece or b''
        seen = len(output)
        if piece is None:
            break
        if wanted in ('>>> ', '... '):
            wait_for_editor(terminal)
        os.write(terminal, typed.encode().decode('unicode_escape').encode('latin-1'))
    while piece is not None:
        piece = read_some(terminal)
        output += piece or b''
    _, status = os.waitpid(child, 0)
    text = output.decode('utf-8', 'replace').replace('\r', '')
    text = re.sub(r'\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|[\x04\x07\x08]', '', text)
    print(text.rstrip('\n'))
    print('code', os.waitstatus_to_exitcode(status))


main()
