"""Runs a command on a terminal of its own, types what it is told to, and prints as JSON how that ended.

screen.py COLUMNS LINES [FILE=DOES ...] -- COMMAND...

Each FILE=DOES waits until there is a screen, and such a file (a pattern) that is not empty, then types DOES, or sends a signal
where it is the name of one.
"""

import fcntl
import glob
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

LONGEST = 120  # seconds

split = sys.argv.index("--")
columns, lines = (int(number) for number in sys.argv[1:3])
waiting = [argument.rsplit("=", 1) for argument in sys.argv[3:split]]
ours, theirs = pty.openpty()
fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
before = termios.tcgetattr(theirs)
process = os.fork()
if process == 0:
    os.setsid()
    fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
    for standard in range(3):
        os.dup2(theirs, standard)
    os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
    os.execvp(sys.argv[split + 1], sys.argv[split + 1 :])

shown, status, begun = b"", None, time.monotonic()
while True:
    ready, _, _ = select.select([ours], [], [], 0.05)
    if ready:
        shown += os.read(ours, 1 << 16)
    elif status is not None:
        break
    elif time.monotonic() - begun > LONGEST:
        os.kill(process, signal.SIGKILL)
    is_up = b"\x1b[?1049h" in shown
    if is_up and waiting and any(map(os.path.getsize, glob.glob(waiting[0][0]))):
        _, does = waiting.pop(0)
        if does.startswith("SIG"):
            os.kill(process, signal.Signals[does])
        else:
            os.write(ours, does.encode())
    if status is None:
        ended, how = os.waitpid(process, os.WNOHANG)
        status = os.waitstatus_to_exitcode(how) if ended else None
text = shown.decode(errors="replace")
screens = [text.count(f"\x1b[?1049{end}") for end in "hl"]
after = text.rsplit("\x1b[?1049l", 1)[-1]
restored = termios.tcgetattr(theirs) == before and screens[0] == screens[1]
print(
    json.dumps(
        {
            "status": status,
            "screens": screens[0],
            "restored": restored and text.rfind("\x1b[?25l") < text.rfind("\x1b[?25h"),
            "braille": any("\u2801" <= letter <= "\u28ff" for letter in text),
            "pixels": text.count("\u2580"),
            "after": after,
        }
    )
)
