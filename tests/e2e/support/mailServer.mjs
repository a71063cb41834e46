//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { once } from "node:events";
import { createServer } from "node:net";

/** A mail server that takes everything and keeps it, but for recipients at nowhere.example. */
export class MailServer {
  async start() {
    this.mails = [];
    this.server = createServer((socket) => this.serve(socket)).listen(0, "127.0.0.1");
    await once(this.server, "listening");
    this.port = this.server.address().port;
    return this;
  }

  serve(socket) {
    let mail = { to: [], text: "" };
    let inData = false;
    let rest = "";
    const say = (line) => socket.write(`${line}\r\n`);
    socket.setEncoding("utf8").on("error", () => {});
    socket.on("data", (chunk) => {
      const lines = (rest + chunk).split("\r\n");
      rest = lines.pop();
      for (const line of lines) {
        if (inData && line === ".") {
          inData = false;
          this.mails.push(mail);
          mail = { to: [], text: "" };
          say("250 taken");
        } else if (inData) {
          mail.text += `${line}\n`;
        } else if (/^DATA/i.test(line)) {
          inData = true;
          say("354 go on");
        } else if (/^RCPT TO:<(.*)>/i.test(line)) {
          const [, address] = /^RCPT TO:<(.*)>/i.exec(line);
          if (address.endsWith("@nowhere.example")) {
            say("550 no such mailbox");
          } else {
            mail.to.push(address);
            say("250 ok");
          }
        } else if (/^QUIT/i.test(line)) {
          say("221 bye");
          socket.end();
        } else {
          say("250 ok");
        }
      }
    });
    say("220 test");
  }

  close() {
    this.server.close();
  }
}
