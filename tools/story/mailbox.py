"""A mail server that keeps what it gets: the firm's mailbox, for the story."""
import email
import email.policy
import os
import socketserver
import threading


class Mailbox(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads = True, True

    def __init__(self, folder, address=("127.0.0.1", 0)):
        super().__init__(address, Handler)
        self.folder, self.lock, self.mails = folder, threading.Lock(), []
        os.makedirs(folder, exist_ok=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]

    def keep(self, raw):
        with self.lock:
            self.mails.append(email.message_from_bytes(raw, policy=email.policy.default))
            with open(os.path.join(self.folder, f"{len(self.mails):03d}.eml"), "wb") as out:
                out.write(raw)


class Handler(socketserver.StreamRequestHandler):
    timeout = 30

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        try:
            self.talk()
        except OSError:
            pass

    def talk(self):
        self.say("220 mail.example ESMTP")
        for line in self.rfile:
            word = line.strip().upper()
            if word == b"DATA":
                self.say("354 end with a dot")
                self.server.keep(b"".join(self.body()))
                self.say("250 taken")
            elif word == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def body(self):
        for line in self.rfile:
            if line == b".\r\n":
                return
            yield line[1:] if line.startswith(b".") else line
