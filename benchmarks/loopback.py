"""A real Ray cluster on one machine, in a network that has nothing but its loopback.

    with Loopback(nodes=2) as cluster:
        done = cluster.run([sys.executable, "driver.py", cluster.url])

Ray's head listens on every interface, whatever address it is given. So it is started in a network namespace of its own,
where no interface but ``lo`` exists, and everything that talks to it is started there too. That needs Linux and the
right to make a namespace (`possible` says whether it is there).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Self

RAY = Path(sys.executable).with_name("ray")
PORT, CLIENT_PORT = 6379, 10001
STORE_BYTES = 100_000_000
START_SECONDS = 90
# On a busy machine Ray gives a node up that takes half a minute to come up.
ATTEMPTS = 3
RAYLET = "raylet/raylet"


def possible() -> str:
    """Why no such cluster can be started here; "" where it can."""
    if not RAY.exists():
        return "Ray is not installed: pip install 'hortus[ray]'"
    if not sys.platform.startswith("linux") or not all(map(shutil.which, ("unshare", "nsenter", "ip"))):
        return "needs Linux with unshare, nsenter and ip"
    tried = subprocess.run(["unshare", "--net", "ip", "link", "set", "lo", "up"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "this system lets nobody make a network namespace here"


class Loopback:
    """A head without cores, and nodes beside it.

    Args:
        nodes: how many.
        cores: of each.
        gpus: of each, in name only.
        token: whether the cluster asks for one.
        path: where every program in its network looks for modules, too.

    Attributes:
        url: for ``--cluster``.
        token: the cluster's; "" for none.
        place: the folder of everything that the cluster writes; it goes with it.
        raylets: process ids of the nodes' own processes, the head's first.
    """

    url = f"ray://127.0.0.1:{CLIENT_PORT}"

    def __init__(
        self, *, nodes: int = 2, cores: int = 1, gpus: int = 0, token: bool = True, path: Path | None = None
    ) -> None:
        self.token = secrets.token_hex(32) if token else ""
        places = [str(path or ""), os.environ.get("PYTHONPATH", "")]
        self._path = {} if path is None else {"PYTHONPATH": os.pathsep.join(filter(None, places))}
        self.raylets: list[int] = []
        self._cores, self._gpus = cores, gpus
        # Sockets lie below, whose paths may have 107 characters.
        self.place = Path(tempfile.mkdtemp(prefix="hr-"))
        self._holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], stdin=subprocess.DEVNULL)
        try:
            self._wait_for_namespace()
            self.run(["ip", "link", "set", "lo", "up"]).check_returncode()
            self._start("--head", f"--port={PORT}", f"--ray-client-server-port={CLIENT_PORT}", "--num-cpus=0",
                        "--num-gpus=0", "--include-dashboard=false", f"--temp-dir={self.place}")  # fmt: skip
            self.add_nodes(nodes)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def environment(self, **more: str) -> dict[str, str]:
        """What a program that talks to the cluster needs."""
        told = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token} if self.token else {"RAY_AUTH_MODE": "disabled"}
        quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DISABLE_IMPORT_WARNING": "1", "OMP_NUM_THREADS": "1"}
        return {**os.environ, **quiet, **told, **self._path, "HOME": str(self.place), "TMPDIR": str(self.place), **more}

    def start(self, command: list[str], *, environment: dict[str, str] | None = None, **more: Any) -> Any:
        """Start a program beside the cluster; as ``subprocess.Popen``."""
        inside = ["nsenter", f"--net=/proc/{self._holder.pid}/ns/net", *command]
        return subprocess.Popen(inside, env=environment or self.environment(), stdin=subprocess.DEVNULL, **more)

    def run(
        self, command: list[str], *, environment: dict[str, str] | None = None, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a program beside the cluster to its end, and keep what it says."""
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with self.start(command, environment=environment, **pipes) as program:
            try:
                out, errors = program.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                program.kill()
                raise
        return subprocess.CompletedProcess(command, program.returncode, out, errors)

    def add_nodes(self, count: int) -> None:
        """Have so many nodes join, one after the other: two at once on one machine take each other's names."""
        for _ in range(count):
            self._start(f"--address=127.0.0.1:{PORT}", f"--num-cpus={self._cores}", f"--num-gpus={self._gpus}")

    def kill_node(self, which: int) -> None:
        """Have a node die at once, with what runs on it; 0 is the head, whose other processes die too."""
        if which == 0:
            kill(self.processes("gcs_server", "ray.util.client.server"))
        kill([self.raylets[which]])

    def processes(self, *words: str) -> list[int]:
        """Process ids in the cluster's network whose command has one of the words; all of them for none."""
        own = Path(f"/proc/{self._holder.pid}/ns/net").readlink()
        found = []
        for place in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                pid = int(place.name)
                command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if (place / "ns/net").readlink() == own and (not words or any(word in command for word in words)):
                    found.append(pid)
        return [pid for pid in found if pid != self._holder.pid]

    def close(self) -> None:
        """End everything in the cluster's network. Safe to call twice."""
        if self._holder.poll() is None:
            until = time.monotonic() + 10
            while (left := self.processes()) and time.monotonic() < until:
                kill(left)
                time.sleep(0.05)
            self._holder.kill()
            self._holder.wait()
        shutil.rmtree(self.place, ignore_errors=True)

    def _start(self, *options: str) -> None:
        before = set(self.processes(RAYLET))
        store = f"--object-store-memory={STORE_BYTES}"
        command = [str(RAY), "start", "--node-ip-address=127.0.0.1", store, "--disable-usage-stats", *options]
        for attempt in range(1, ATTEMPTS + 1):
            done = self.run(command, timeout=START_SECONDS)
            if done.returncode == 0:
                break
            if attempt == ATTEMPTS:
                raise RuntimeError(f"ray start failed: {done.stdout}{done.stderr}")
        self.raylets += sorted(set(self.processes(RAYLET)) - before)

    def _wait_for_namespace(self) -> None:
        ours, theirs = Path("/proc/self/ns/net"), Path(f"/proc/{self._holder.pid}/ns/net")
        until = time.monotonic() + 5
        while theirs.readlink() == ours.readlink():
            if time.monotonic() > until:
                raise RuntimeError("the network namespace did not come up")
            time.sleep(0.01)


def kill(pids: list[int]) -> None:
    """SIGKILL each; those already gone are passed over."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
