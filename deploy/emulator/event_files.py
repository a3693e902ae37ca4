"""The events of events/, their expected answers, and a `local` with the demo data that they refer to.

A folder for each binary holds `<case>.json` and `<case>.answer.json`. Values that differ each time are normalized in the
expected answers: an issued token is all zeros, its lifetime is the full one, a chat's or feed's cursor, the time of a message, a
ticket and the URL of the socket API are empty.

No event pings, and none leads to a signal: both call `@connections`, which an emulated function does not reach.
deploy/ministack/check-sockets does both on a deployed stack.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from emulator import ROOT, Functions

EVENTS = ROOT / "events"


def failures(folder: Path, invoke: Callable[[str, Path], object]) -> int:
    """Calls `invoke` for each event, with the function's logical id and the event's file. Prints each unexpected answer, and
    returns their number.

    The order is alphabetical: an event may depend on an earlier one.
    """
    functions = Functions()
    events = sorted(path for path in folder.glob("*/*.json") if not path.name.endswith(".answer.json"))
    if not events:
        sys.exit(f"no events in {folder}")
    failed = 0
    for event in events:
        function = functions.of_binary(event.parent.name)
        failed += not answers(event, function, invoke(function, event))
    print(f"{len(events)} events, {failed} failures")
    return failed


def answers(event: Path, function: str, answer) -> bool:
    """Compares an answer with the expected one. Prints both if they differ."""
    expected = json.loads(event.with_suffix(".answer.json").read_bytes())
    if normalized(answer) == expected:
        return True
    print(f"{event}: expected\n  {json.dumps(expected, ensure_ascii=False)}\nbut {function} answered\n"
          f"  {json.dumps(answer, ensure_ascii=False)}")
    return False


def normalized(answer):
    """Replaces an issued token, its lifetime, cursors, times, tickets and URLs as the module's page says."""
    text = re.sub(r'(expires_in\\": ?)3594(18|19)', r"\g<1>359420", json.dumps(answer))
    text = re.sub(r'(access_token\\": ?\\"cn-)[0-9a-f-]{36}', r"\g<1>00000000-0000-0000-0000-000000000000", text)
    text = re.sub(r'(\\"url\\": ?\\")wss?:[^\\]+', r"\1", text)
    return json.loads(re.sub(r'(\\"(?:after|cursor|time|ticket)\\": ?\\")[\w: -]+', r"\1", text))


@contextmanager
def local(address: str = "127.0.0.1") -> Iterator[int]:
    """Runs `local` on free ports of `address`. Yields the port of DynamoDB."""
    subprocess.run(["cargo", "build", "--quiet", "--locked", "--workspace", "--bin=local"], cwd=ROOT, check=True)
    process = subprocess.Popen(
        [
            Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "debug/local",
            f"--bind={address}",
            "--port=0",
            "--dynamodb-port=0",
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        started = re.search(r"DynamoDB on http://.*:(\d+)\.", process.stdout.readline())
        if not started:
            sys.exit("local did not start")
        yield int(started.group(1))
    finally:
        process.terminate()
        process.wait()
