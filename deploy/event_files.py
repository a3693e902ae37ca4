"""The events of events/ with the answers beside them, and a `local` with the demo data that they refer to.

A folder for each binary holds `<case>.json` and `<case>.answer.json`. An issued token is random, a second of its life may
be over, and a chat's cursor depends on the time: the answers have zeros, the whole life and nothing in their places.
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
    """Calls `invoke` with a function's logical id and an event's file, for each event. Prints the answers that differ
    from the files, and returns their number.

    The order is alphabetical, since one event may need an earlier one.
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
    """Whether `answer` is the one in the file beside `event`. Prints both if it is not."""
    expected = json.loads(event.with_suffix(".answer.json").read_bytes())
    if settled(answer) == expected:
        return True
    print(f"{event}: expected\n  {json.dumps(expected, ensure_ascii=False)}\nbut {function} answered\n"
          f"  {json.dumps(answer, ensure_ascii=False)}")
    return False


def settled(answer):
    """The answer without what differs each time: an issued token, what is left of its life, and a chat's cursor."""
    text = re.sub(r'(expires_in\\": ?)3594(18|19)', r"\g<1>359420", json.dumps(answer))
    text = re.sub(r'(access_token\\": ?\\"cn-)[0-9a-f-]{36}', r"\g<1>00000000-0000-0000-0000-000000000000", text)
    return json.loads(re.sub(r'(\\"after\\": ?\\")[\w-]+', r"\1", text))


@contextmanager
def local(address: str = "127.0.0.1") -> Iterator[int]:
    """Runs `local` on free ports of `address`. The value is the port of DynamoDB."""
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
