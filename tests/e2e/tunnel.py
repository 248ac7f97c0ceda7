"""A proxy between cowkey and the server, as companies have them: CONNECT, then bytes both ways."""

import socket
import threading

TIMEOUT_S = 20


class Tunnel:
    """Listens on `port`; `asked` is what it was first asked for. Use it in a with statement."""

    def __init__(self, server):
        self._server = (server.address, server.port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.asked = None

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listening.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            data = client.recv(4096)
            if not data:
                return
            head += data
        self.asked = self.asked or head.decode("latin-1").splitlines()[0]
        server = socket.create_connection(self._server, TIMEOUT_S)
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        threading.Thread(target=_pass_on, args=(server, client), daemon=True).start()
        _pass_on(client, server)


def _pass_on(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
