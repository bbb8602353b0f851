"""Runs in UmaDB's own environment: starts its server and measures what it is asked."""

import json
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

import umadb  # type: ignore[import-not-found]

SERVER = Path(sys.executable).with_name("umadb")
TOPIC = "enrollment.evidence-uploaded.v1"
FILL_BATCH = 500


def main() -> None:
    """Answer each line of standard input with one number."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    with tempfile.TemporaryDirectory() as folder:
        command = [str(SERVER), "--listen", address, "--db-path", folder]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            worker = Worker(f"http://{address}")
            for line in sys.stdin:
                asked = json.loads(line)
                print(getattr(worker, asked.pop("what"))(**asked), flush=True)
        finally:
            server.terminate()
            server.wait()


class Worker:
    """One server, as many clients as are asked for."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.streams: list[str] = []
        self._wait_for_server()

    def append(self, clients: int, seconds: float, size_bytes: int) -> float:
        """Commands a second: one event each, refused if its stream has one already."""
        counts = [0] * clients
        gate = threading.Barrier(clients + 1)

        def work(number: int) -> None:
            client = umadb.Client(self.url)
            gate.wait()
            until = time.perf_counter() + seconds
            while time.perf_counter() < until:
                self._append_stream(client, 1, size_bytes)
                counts[number] += 1

        threads = [threading.Thread(target=work, args=(n,)) for n in range(clients)]
        for thread in threads:
            thread.start()
        gate.wait()
        begun = time.perf_counter()
        for thread in threads:
            thread.join()
        return sum(counts) / (time.perf_counter() - begun)

    def fill(self, events: int, per_stream: int, size_bytes: int) -> float:
        """Store streams of so many events."""
        client = umadb.Client(self.url)
        for _ in range(events // FILL_BATCH):
            batch = []
            for _ in range(FILL_BATCH // per_stream):
                stream = str(uuid.uuid4())
                self.streams.append(stream)
                batch += [_event(stream, size_bytes) for _ in range(per_stream)]
            client.append(batch)
        return float(events)

    def read_stream(self, times: int) -> float:
        """The median milliseconds of reading one stream whole."""
        client = umadb.Client(self.url)
        figures = []
        for number in range(times):
            stream = self.streams[(number * 7919) % len(self.streams)]
            begun = time.perf_counter()
            found = list(client.read(query=_of(stream)))
            figures.append(time.perf_counter() - begun)
            assert found
        return statistics.median(figures) * 1000

    def visibility(self, times: int, pause: float, size_bytes: int) -> float:
        """The median milliseconds from the append's start until a subscriber holds the event."""
        client = umadb.Client(self.url)
        seen: dict[str, float] = {}
        arrived = threading.Semaphore(0)
        follower = umadb.Client(self.url)
        subscription = follower.subscribe(after=client.head())

        def follow() -> None:
            for _ in range(times):
                event = next(subscription)
                seen[str(event.event.tags[0])] = time.perf_counter()
                arrived.release()

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        figures = []
        for _ in range(times):
            time.sleep(pause)
            begun = time.perf_counter()
            stream = self._append_stream(client, 1, size_bytes)
            if not arrived.acquire(timeout=10):
                break
            figures.append(seen[stream] - begun)
        thread.join()
        subscription.cancel()
        return statistics.median(figures) * 1000

    def _append_stream(self, client: "umadb.Client", events: int, size_bytes: int) -> str:
        stream = str(uuid.uuid4())
        new = umadb.AppendCondition(_of(stream))
        client.append([_event(stream, size_bytes) for _ in range(events)], new)
        return stream

    def _wait_for_server(self) -> None:
        for _ in range(100):
            try:
                umadb.Client(self.url).head()
            except Exception:  # noqa: BLE001 - whatever it is, it is asked again
                time.sleep(0.05)
            else:
                return
        raise TimeoutError("the server did not start")


def _of(stream: str) -> "umadb.Query":
    return umadb.Query(items=[umadb.QueryItem(types=[], tags=[stream])])


def _event(stream: str, size_bytes: int) -> "umadb.Event":
    return umadb.Event(event_type=TOPIC, data=bytes(size_bytes), tags=[stream], uuid=uuid.uuid4())


if __name__ == "__main__":
    main()
