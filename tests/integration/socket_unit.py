# SPDX-License-Identifier: Apache-2.0
"""Starts a gateway as systemd starts one that has a socket unit: it keeps the webhook's listening socket open over restarts, and hands it to
each process as descriptor 3 (sd_listen_fds(3))."""
import os
import socket
import subprocess
import tomllib

from harness import gateway

HAND_OVER = 'export LISTEN_PID=$$; exec "$@"'  # the shell becomes the gateway, so that the number is its own


class socket_unit(gateway):
    def __init__(self, directory, configuration, name="webhook"):
        super().__init__(directory, configuration)
        self.environment = {**os.environ, "LISTEN_FDS": "1", "LISTEN_FDNAMES": name}
        settings = tomllib.loads(self.configuration.read_text(encoding="utf-8"))
        host, port = settings["webhook"]["listen"].rsplit(":", 1)
        self.socket = socket.create_server((host, int(port)), backlog=4096)

    def close(self):
        self.socket.close()

    def spawn(self, out, err):
        def third():
            os.dup2(self.socket.fileno(), 3, inheritable=True)

        command = ["/bin/sh", "-c", HAND_OVER, "sh", *self.command]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=self.environment, preexec_fn=third,
                                pass_fds=(3,))
