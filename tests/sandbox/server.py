"""TLS and HTTP around the simulated pages, and the faults on that way.

One thread a connection, keep-alive, no delay by Nagle's algorithm, the answer
written in one piece.  What an answer means is decided in web.py; here it only
becomes bytes, or what a fault makes of them.
"""

import base64
import email.utils
import gzip
import http.client
import http.server
import socket
import socketserver
import sys
import threading
import time
import zlib

import faults
import php
import web
from exchange import Exchange, Request, Response, redirect

HANG_S = 30
_REGISTRATIONS = ("/api/v1/add/webauthn-tfa-registration", "/api/v1/add/fido2-registration")
_PASSWORDS = frozenset(("pass_user", "confirm_password"))
MAX_BODY = 8 * 1024 * 1024

# What the web server adds to answers below 400.
_SECURITY_HEADERS = (
    ("Strict-Transport-Security", "max-age=15768000;"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Robots-Tag", "none"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("Referrer-Policy", "strict-origin"),
)
_PHP_HEADERS = (
    ("Expires", "Thu, 19 Nov 1981 08:52:00 GMT"),
    ("Cache-Control", "no-store, no-cache, must-revalidate"),
    ("Pragma", "no-cache"),
)
_OTHER_SITE = b"""<!DOCTYPE html>
<html><head><title>Welcome to the hotel network</title></head>
<body><h1>Please accept our terms</h1>
<form method="post" action="/accept"><input type="hidden" name="csrf_token" value="0">
<button>Accept</button></form></body></html>
"""


class Sandbox(socketserver.ThreadingTCPServer):
    """The listening server; `arranger` runs the verbs of `meanwhile` rules."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, state, contexts, port):
        self.state = state
        self.contexts = contexts
        self.arranger = None
        self.faults = faults.Rules()
        self.meanwhiles = faults.Rules()
        self.late = LateActs()
        self.outage = Outage(self)
        self.reset()
        super().__init__(("127.0.0.1", port), Connection)

    def server_bind(self):
        # Only a port that was asked for stays ours while nobody listens, see Outage.
        with socket.socket() as finder:
            finder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            finder.bind(self.server_address)
            self.server_address = finder.getsockname()
            super().server_bind()

    def reset(self):
        self.outage.end()
        self.late.forget()
        self.state.reset()
        self.faults.clear()
        self.meanwhiles.clear()
        self.tls_kind = "good"

    def get_request(self):
        try:
            client, address = self.socket.accept()
        except OSError:
            self.outage.await_end()
            raise
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The handshake happens in the connection's thread, not here.
        wrapped = self.contexts[self.tls_kind].wrap_socket(
            client, server_side=True, do_handshake_on_connect=False)
        return wrapped, address

    def handle_error(self, request, client_address):
        # Clients that go away or refuse the certificate are no news.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    # -- one request ----------------------------------------------------------------

    def handle(self, request):
        """The answer, and the fault that is still to spoil it."""
        with self.state.lock:
            # The session is read now and stored at the end: of two requests that
            # overlap both see the old form token (protocol 2).
            exchange = Exchange(self.state, request)
            entry = self._record(exchange)
            fault = self.faults.take(request, entry["account"])
            meanwhile = self.meanwhiles.take(request, entry["account"])
            if meanwhile:
                self.arranger(meanwhile.verb)
        if self.outage.kind:
            response = self.outage.answer()
        elif fault and fault.kind == faults.LATE:
            self.late.plan(fault.seconds, lambda: self._with_server(exchange, None))
            response = None
        elif fault and fault.kind in faults.BEFORE:
            response = self._without_server(fault)
        else:
            response = self._with_server(exchange, fault)
            entry["account"] = exchange.session.username or entry["account"]
            if fault and fault.kind == "status-after":
                response = self._without_server(fault)
        silent = response is None or fault and fault.kind in ("drop-after", "hang")
        entry["status"] = 0 if silent else response.status
        return response, fault

    def _record(self, exchange):
        request, session = exchange.request, exchange.session
        entry = {"n": len(self.state.requests) + 1, "method": request.method,
                 "path": request.path, "status": None,
                 "account": session.username or session.pending_username,
                 "form": sorted(faults.field_values(request))}
        self.state.requests.append(entry)
        if request.method == "POST" and request.path in _REGISTRATIONS:
            self._keep_registration(request, session)
        return entry

    def _keep_registration(self, request, session):
        """What a key made, for relying parties of other makes; no password."""
        members = php.from_json(request.body.decode("utf-8", "replace"))
        if isinstance(members, dict):
            kept = {name: members.get(name) for name in ("clientDataJSON", "attestationObject")}
            challenge = base64.b64encode(session.challenge or b"").decode()
            self.state.registrations.append(kept | {"path": request.path, "challenge": challenge})

    def _without_server(self, fault):
        if fault.kind in ("status", "status-after"):
            response = Response(fault.number, b"<html><body>no luck</body></html>", from_php=False)
            if fault.retry_after:
                response.headers.append(("Retry-After", fault.retry_after))
            return response
        if fault.kind == "redirect":
            return redirect(fault.argument, from_php=False)
        if fault.kind == "other-site":
            return Response(200, _OTHER_SITE, from_php=False)
        return None  # drop-before

    def _with_server(self, exchange, fault):
        kind = fault.kind if fault else None
        state = self.state
        if state.password_ms and not _PASSWORDS.isdisjoint(exchange.request.form):
            time.sleep(state.password_ms / 1000)
        if kind == "delay":
            time.sleep(fault.number / 1000)
        with state.lock:
            if kind == "expired":
                state.sessions.drop(exchange.session.id)
                exchange.open_session()
            exchange.shown_as = fault.argument if kind == "other-account" else None
            exchange.entered_as = fault.argument if kind == "other-session" else None
            exchange.spoiled_options = fault.argument if kind == "options" else None
            state.refuse_codes = kind == "refuse-code"
            state.lying = kind == "lie-success"
            state.denying = kind == "lie-refused"
            state.doubling = kind == "lie-stored-two"
            try:
                return web.serve(exchange)
            finally:
                state.refuse_codes = state.lying = state.denying = state.doubling = False


class LateActs:
    """What clients have asked for and the server has still to do."""

    def __init__(self):
        self._timers = set()
        self._changed = threading.Condition()

    def plan(self, seconds, act):
        def run():
            with self._changed:
                if timer not in self._timers:
                    return  # it was forgotten
            act()
            with self._changed:
                self._timers.discard(timer)
                self._changed.notify_all()

        timer = threading.Timer(seconds, run)
        timer.daemon = True
        with self._changed:
            self._timers.add(timer)
        timer.start()

    def settle(self):
        """Waits until nothing is left to do."""
        with self._changed:
            self._changed.wait_for(lambda: not self._timers)

    def forget(self):
        with self._changed:
            for timer in self._timers:
                timer.cancel()
            self._timers.clear()
            self._changed.notify_all()


class Outage:
    """A server that is away for a while: nobody listens, or only the web server in front does."""

    KINDS = ("refused", "bad-gateway")

    def __init__(self, sandbox):
        self._sandbox = sandbox
        self._over = threading.Event()
        self._over.set()
        self._timer = None
        self._lock = threading.RLock()
        self.connections = set()
        self.kind = None

    def begin(self, seconds, kind):
        with self._lock:
            self._over.clear()
            self.kind = kind
            self._timer = threading.Timer(seconds, self.end)
            self._timer.daemon = True
            self._timer.start()
            if kind == "refused":
                self._sandbox.socket.shutdown(socket.SHUT_RDWR)
                for connection in list(self.connections):
                    connection.cut_off()

    def end(self):
        with self._lock:
            if self.kind is None:
                return
            self._timer.cancel()
            if self.kind == "refused":
                self._sandbox.socket.listen(self._sandbox.request_queue_size)
            self.kind = None
            self._over.set()

    def await_end(self):
        self._over.wait()

    def answer(self):
        if self.kind == "bad-gateway":
            return Response(502, b"<html><body>502 Bad Gateway</body></html>", from_php=False)
        return None


class Connection(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    timeout = 120

    def setup(self):
        self.request.settimeout(self.timeout)
        self.request.do_handshake()
        super().setup()
        self.server.outage.connections.add(self)

    def finish(self):
        self.server.outage.connections.discard(self)
        super().finish()

    def log_message(self, *arguments):
        """Silent: tests read the list of requests instead."""

    def do_GET(self):
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True
            return
        body = self.rfile.read(int(length))
        # HEAD is served as GET without the body.
        method = "GET" if self.command == "HEAD" else self.command
        request = Request(method, self.path, self.headers, body, self.client_address[0])
        response, fault = self.server.handle(request)
        self._send(response, fault)

    do_POST = do_HEAD = do_PUT = do_DELETE = do_GET

    # -- answering -------------------------------------------------------------------

    def _send(self, response, fault):
        kind = fault.kind if fault else None
        if response is None or kind == "drop-after":
            self.hang_up()
            return
        if kind == "hang":
            self._wait_for_the_client()
            self.hang_up()
            return
        head, body = self._compose(response, fault)
        raw = head + (b"" if self.command == "HEAD" else body)
        if kind == "cut":
            raw = raw[:fault.number]
        elif kind == "truncate-body":
            raw = raw[:len(head) + len(body) // 2]
        self.wfile.write(raw)
        self.wfile.flush()
        if kind in ("cut", "truncate-body"):
            self.hang_up()

    def _compose(self, response, fault):
        """Head and body as bytes, with what the fault adds to them."""
        kind = fault.kind if fault else None
        body, headers = response.body, list(response.headers)
        content_type = fault.argument if kind == "content-type" else response.content_type
        if kind == "oversize":
            body += b" " * max(0, fault.number - len(body) - 1) + b"\n"
        elif kind == "bomb":
            body = _bomb(fault.number)
            headers.append(("Content-Encoding", "gzip"))
        elif self._compresses(response):
            body = gzip.compress(body, 1)
            headers += [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
        head = [f"HTTP/1.1 {response.status} {http.client.responses.get(response.status, '')}",
                "Server: nginx"]
        if kind != "no-date":
            head.append("Date: " + email.utils.formatdate(self.server.state.now(), usegmt=True))
        head.append(f"Content-Type: {content_type}")
        # PHP's answers come in chunks; a promised length is needed to break the promise.
        if response.from_php and kind != "truncate-body":
            head.append("Transfer-Encoding: chunked")
            body = _chunked(body)
        else:
            head.append(f"Content-Length: {len(body)}")
        if response.from_php:
            headers = list(_PHP_HEADERS) + headers
        if response.status < 400:
            headers += _SECURITY_HEADERS
            if not self.server.state.dialect.split_logins:
                headers.append(("X-XSS-Protection", "1; mode=block"))
        if self.headers.get("Connection", "").lower() == "close":
            headers.append(("Connection", "close"))
        head += [f"{name}: {value}" for name, value in headers]
        return "\r\n".join(head).encode("latin-1", "replace") + b"\r\n\r\n", body

    def _compresses(self, response):
        """nginx does for three statuses, and for what PHP sends whatever its length."""
        return ("gzip" in (self.headers.get("Accept-Encoding") or "")
                and response.status in (200, 403, 404)
                and (response.from_php or len(response.body) >= 256))

    def hang_up(self):
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def cut_off(self):
        """Hangs up from another thread, which must leave the TLS layer alone."""
        try:
            socket.socket.shutdown(self.connection, socket.SHUT_RDWR)
        except OSError:
            pass

    def _wait_for_the_client(self):
        """Until the other side closes, or half a minute."""
        self.connection.settimeout(HANG_S)
        try:
            self.rfile.read(1)
        except OSError:
            pass


def _bomb(size):
    """A small body that unpacks to `size` bytes."""
    packer = zlib.compressobj(9, wbits=31)
    piece = b" " * 65536
    packed = [packer.compress(piece) for _ in range(size // len(piece))]
    return b"".join(packed) + packer.compress(piece[:size % len(piece)]) + packer.flush()


def _chunked(body):
    if not body:
        return b"0\r\n\r\n"
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
