"""An engine without a model: a real HTTP server, told by the "weights" how to behave.

The weights are JSON: `load_s` seconds of loading, `fail` a message to die with, `loud` bytes of
log. Beside them it writes one line for each load and its whole environment.
"""

import contextlib
import json
import os
import sys
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"pid": os.getpid()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *said):
        pass


@dataclass
class Running:
    port: int


def start(weights, model, n_ctx, threads, api_key):
    told = json.loads(weights.read_text())
    with open(f"{weights}.loads", "a") as stream:  # noqa: PTH123
        stream.write(f"{os.getpid()} {n_ctx}\n")
    weights.with_suffix(".environ").write_text(json.dumps(dict(os.environ)))
    if "fail" in told:
        raise RuntimeError(told["fail"])
    for _ in range(told.get("loud", 0) // 1000):
        with contextlib.suppress(OSError):
            os.write(sys.stderr.fileno(), b"x" * 999 + b"\n")
    time.sleep(told.get("load_s", 0))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return Running(server.server_address[1])
