"""The files in deploy/ work with the workbench: nginx for real, the others by what they name."""

from __future__ import annotations

import base64
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.support.paths import ROOT

DEPLOY = ROOT / "deploy"
NAME = "lstm.example.org"
LOGIN = {"Authorization": "Basic " + base64.b64encode(b"student:secret").decode()}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def read(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def test_the_container_copies_what_exists():
    for names in re.findall(r"^COPY (.+) \S+$", read("Containerfile"), re.MULTILINE):
        for name in names.split():
            assert (ROOT / name).exists(), name


@pytest.mark.parametrize("name", ["lstm-workbench.service", "Containerfile"])
def test_a_server_that_others_can_open_hides_past_runs(name):
    assert "LSTM_WORKBENCH_SHARED=1" in read(name)
    assert "dashboard/app.py" in read(name)


def test_service_and_proxy_have_the_same_port_path_and_name():
    service, proxy = read("lstm-workbench.service"), read("nginx.conf")
    port, path, name = (
        re.search(rf"--server\.{option} (\S+)", service)[1]
        for option in ("port", "baseUrlPath", "allowedHosts")
    )
    assert f"proxy_pass http://127.0.0.1:{port};" in proxy
    assert f"location /{path}/" in proxy
    assert f"server_name {name};" in proxy


class Site:
    """The workbench behind nginx with the configuration of deploy/, on free ports."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port, inner = folder, free_port(), free_port()
        run = {"check": True, "capture_output": True, "text": True}
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
             f"/CN={NAME}", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], **run,
        )  # fmt: skip
        hashed = subprocess.run(["openssl", "passwd", "-apr1", "secret"], **run).stdout
        (folder / "passwords").write_text(f"student:{hashed}", encoding="utf-8")
        text = read("nginx.conf")
        for old, new in {
            "listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
            "listen 80": f"listen 127.0.0.1:{free_port()}",
            f"/etc/letsencrypt/live/{NAME}/fullchain.pem": str(folder / "cert.pem"),
            f"/etc/letsencrypt/live/{NAME}/privkey.pem": str(folder / "key.pem"),
            "/etc/nginx/lstm-workbench.htpasswd": str(folder / "passwords"),
            "/var/log/nginx": str(folder),
            "127.0.0.1:8501": f"127.0.0.1:{inner}",
        }.items():
            assert old in text, old
            text = text.replace(old, new)
        (folder / "site.conf").write_text(text, encoding="utf-8")
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        paths = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
        (folder / "main.conf").write_text(
            # Started by root, nginx would read the folder as another user, who may not.
            f"{'user root; ' if os.geteuid() == 0 else ''}daemon off; pid {folder}/pid; "
            f"error_log {folder}/error.log; events {{}}\n"
            f"http {{ {paths} include {folder}/site.conf; }}\n",
            encoding="utf-8",
        )
        server = [
            *(sys.executable, "-m", "streamlit", "run", "dashboard/app.py"),
            *("--server.headless", "true", "--server.port", str(inner)),
            *("--server.baseUrlPath", "lstm", "--server.allowedHosts", NAME),
        ]
        environment = os.environ | {"LSTM_WORKBENCH_RUNS": str(folder / "runs")}
        with (folder / "log.txt").open("wb") as log:
            self.processes = [
                subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
                for command in (server, ["nginx", "-c", str(folder / "main.conf")])
            ]

    def wait(self) -> None:
        """Wait until the workbench answers through nginx."""
        deadline = time.monotonic() + 60
        while self.get("_stcore/health") != 200:
            assert time.monotonic() < deadline, "the server does not answer through nginx"
            time.sleep(0.2)

    def get(self, path: str, headers: dict[str, str] = LOGIN) -> int:
        """Return the status of a page; 0 if there is no connection."""
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.port}/lstm/{path}",
            headers={"Host": f"{NAME}:{self.port}", **headers},
        )
        try:
            return urllib.request.urlopen(request, context=self.tls()).status
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def session_opens(self, origin: str) -> bool:
        """Return whether a page of this origin gets a session."""
        try:
            with connect(
                f"wss://{NAME}:{self.port}/lstm/_stcore/stream", ssl=self.tls(), origin=origin,
                sock=socket.create_connection(("127.0.0.1", self.port)),
                additional_headers=LOGIN, subprotocols=["streamlit"],
            ):  # fmt: skip
                return True
        except InvalidStatus:
            return False

    def tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.folder / "cert.pem"))
        context.check_hostname = False  # the certificate has a name, the test an address
        return context

    def close(self) -> None:
        for process in self.processes:
            process.terminate()
            process.wait(30)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")
def test_nginx_passes_pages_sessions_and_passwords(tmp_path):
    site = Site(tmp_path)
    try:
        site.wait()
        assert site.get("") == 200
        assert site.get("", headers={}) == 401
        assert site.session_opens(f"https://{NAME}:{site.port}")
        assert not site.session_opens("https://evil.example")
        site.get("_stcore/upload_file/secret-session/secret-file?run=secret-run")
        log = (tmp_path / "lstm-workbench.log").read_text(encoding="utf-8")
        assert "/lstm/_stcore/upload_file/..." in log
        assert "secret" not in log
    finally:
        site.close()
