"""The functions that `sam build` built, under AWS's runtime interface emulator: `sam local invoke` without the container.

The emulator is the one inside the SAM CLI, and the SAM CLI's own code reads the template. A function gets the same
environment as from `sam local invoke`.
"""

import json
import os
import platform
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import samcli
from samcli.commands.local.lib.local_lambda import LocalLambdaRunner
from samcli.lib.providers.sam_function_provider import SamFunctionProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider

ROOT = Path(__file__).resolve().parent.parent.parent
BUILT = ROOT / ".aws-sam/build/template.yaml"
PROCESSOR = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
EMULATOR = Path(samcli.__file__).parent / f"local/rapid/aws-lambda-rie-{PROCESSOR}"
START_SECONDS = 10

# Without credentials the SAM CLI uses placeholders. This keeps it from asking the metadata service of EC2 first.
os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")


class Functions:
    """The functions of the built template."""

    def __init__(self):
        if not BUILT.exists():
            sys.exit("Nothing is built: run deploy/build")
        stacks, _ = SamLocalStackProvider.get_stacks(str(BUILT), language_extensions_enabled=True)
        self._provider = SamFunctionProvider(stacks, ignore_code_extraction_warnings=True)

    def of_binary(self, binary: str) -> str:
        """The first function that runs `binary`, by logical id."""
        for function in self._provider.get_all():
            if function.metadata["BuildProperties"]["Binary"] == binary:
                return function.name
        raise LookupError(f"no function of the template runs {binary}")

    def invoke(self, logical_id: str, event: bytes, env_vars: dict):
        """Invokes a function. `env_vars` has the form of the file of `sam local invoke --env-vars`. Returns the answer."""
        function = self._provider.get(logical_id)
        if function is None:
            raise LookupError(f"no function of the template is called {logical_id}")
        bootstrap = BUILT.parent / function.codeuri / "bootstrap"
        runner = LocalLambdaRunner(
            local_runtime=None,
            function_provider=self._provider,
            cwd=str(ROOT),
            real_path=str(ROOT),
            env_vars_values=env_vars,
        )
        variables = runner._make_env_vars(function).resolve()
        address = free_address()
        emulator = subprocess.Popen(
            [
                EMULATOR,
                "--log-level=error",
                f"--runtime-interface-emulator-address={address}",
                f"--runtime-api-address={free_address()}",
                bootstrap,
            ],
            # A function on Lambda inherits no variables.
            env=variables,
            # The function's log lines.
            stdout=sys.stderr,
        )
        try:
            wait_for(address, emulator)
            url = f"http://{address}/2015-03-31/functions/function/invocations"
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(url, data=event, timeout=function.timeout + START_SECONDS) as answer:
                return json.load(answer)
        finally:
            emulator.terminate()
            emulator.wait()


def free_address() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{listener.getsockname()[1]}"


def wait_for(address: str, process: subprocess.Popen, seconds: int = START_SECONDS) -> None:
    """Waits until `process` listens on `address`."""
    host, port = address.split(":")
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as client:
            if client.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"{process.args[0]} did not start")
