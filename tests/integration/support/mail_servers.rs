// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Postfix and Exim, as Debian has them, each with a configuration, a queue and mailboxes of its own. Both need root.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use ns8_backup_monitor::smtp::settings::{Encryption, SmtpSettings};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tempfile::TempDir;

use super::process::{Process, free_port};

/// The account that both know.
pub const USER: &str = "user@example.org";
pub const PASSWORD: &str = "correct horse";

/// A mail server that runs.
pub struct RealServer {
    process: Process,
    dir: TempDir,
    /// Where it speaks plain text, and STARTTLS.
    pub plain: u16,
    /// Where it speaks TLS from the first byte.
    pub tls: u16,
    /// Where its queue is full.
    pub full: u16,
    /// Where it takes two recipients at once.
    pub two: u16,
}

impl RealServer {
    pub async fn postfix() -> Self {
        let dir = folder(&["etc/sasl", "queue", "data", "mail"]);
        let path = dir.path().display().to_string();
        let [plain, tls, full, two] = [(); 4].map(|()| free_port());
        let ids = |flag| output("id", &[flag, "postfix"]);
        let services = [
            (plain, ""),
            (tls, "    -o smtpd_tls_wrappermode=yes\n"),
            (full, "    -o queue_minfree=9000000000000000\n"),
            (two, "    -o smtpd_recipient_limit=2\n"),
        ];
        let services: String = services
            .iter()
            .map(|(port, options)| format!("127.0.0.1:{port} inet n - n - - smtpd\n{options}"))
            .collect();
        write(&dir, "etc/master.cf", &(services + MASTER));
        let main = MAIN.replace("DIR", &path).replace("UID", &ids("-u")).replace("GID", &ids("-g"));
        write(&dir, "etc/main.cf", &main);
        write(
            &dir,
            "etc/sasl/smtpd.conf",
            &format!(
                "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {path}/users\n\
                 mech_list: PLAIN LOGIN CRAM-MD5\n"
            ),
        );
        write(&dir, "password", PASSWORD);
        let command = format!("saslpasswd2 -p -c -f {path}/users -u example.org user <{path}/password");
        output("sh", &["-c", &command]);
        for owned in ["data", "mail", "users"] {
            output("chown", &["postfix", &format!("{path}/{owned}")]);
        }
        let child = Command::new("postfix")
            .args(["-c", &format!("{path}/etc"), "start-fg"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { process: Process::of(child), dir, plain, tls, full, two }.listening().await
    }

    /// `EXIM` names its program: Debian has one mail server at a time, so that it is unpacked and not installed.
    pub async fn exim() -> Self {
        let dir = folder(&["spool", "log", "mail"]);
        let path = dir.path().display().to_string();
        let [plain, tls, full, two] = [(); 4].map(|()| free_port());
        let program =
            std::env::var("EXIM").expect("EXIM names Exim's program; tests/run.sh mailservers sets it");
        let configuration = EXIM
            .replace("DIR", &path)
            .replace("PROGRAM", &program)
            .replace("PORTS", &format!("{plain} : {tls} : {full} : {two}"))
            .replace("TLS_PORT", &tls.to_string())
            .replace("FULL_PORT", &full.to_string())
            .replace("TWO_PORT", &two.to_string());
        output("chown", &["-R", "Debian-exim", &path]);
        write(&dir, "exim.conf", &configuration);
        // Exim makes no path of what a sender says, but of what a file says.
        write(&dir, "users", "a: yes\nb: yes\nc: yes\n");
        let child = Command::new(program)
            .args(["-C", &format!("{path}/exim.conf"), "-bdf"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { process: Process::of(child), dir, plain, tls, full, two }.listening().await
    }

    async fn listening(mut self) -> Self {
        for port in [self.plain, self.tls, self.full, self.two] {
            self.process.listens("the mail server", port).await;
        }
        self
    }

    /// How to send through it.
    pub fn settings(&self, port: u16, encryption: Encryption) -> SmtpSettings {
        SmtpSettings {
            enabled: true,
            host: Some("localhost".into()),
            port,
            username: Some(USER.into()),
            password: PASSWORD.into(),
            encryption,
            tls_verify: false,
        }
    }

    /// The mails in somebody's mailbox.
    pub fn mailbox(&self, user: &str) -> Vec<String> {
        let folder = self.dir.path().join("mail").join(user).join("new");
        let files = fs::read_dir(folder).into_iter().flatten();
        files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
    }
}

/// A folder that the servers' own users can enter, with a certificate.
fn folder(folders: &[&str]) -> TempDir {
    let dir = TempDir::new().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for folder in folders {
        fs::create_dir_all(dir.path().join(folder)).unwrap();
    }
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    write(&dir, "cert.pem", &cert.pem());
    write(&dir, "key.pem", &signing_key.serialize_pem());
    dir
}

fn write(dir: &TempDir, path: impl AsRef<Path>, text: &str) -> PathBuf {
    let path = dir.path().join(path);
    fs::write(&path, text).unwrap();
    path
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

const MAIN: &str = "\
compatibility_level = 3.6
queue_directory = DIR/queue
data_directory = DIR/data
maillog_file = DIR/log
maillog_file_prefixes = DIR
myhostname = mx.example.org
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
virtual_mailbox_domains = example.org
virtual_mailbox_base = DIR/mail
virtual_mailbox_maps = inline:{ {a@example.org=a/} {b@example.org=b/} {c@example.org=c/} {grey@example.org=grey/}
    {full@example.org=full/} }
virtual_uid_maps = static:UID
virtual_gid_maps = static:GID
virtual_minimum_uid = 1
smtpd_tls_cert_file = DIR/cert.pem
smtpd_tls_key_file = DIR/key.pem
smtpd_tls_security_level = may
smtpd_sasl_auth_enable = yes
smtpd_sasl_path = smtpd
smtpd_helo_required = yes
smtpd_helo_restrictions = reject_non_fqdn_helo_hostname, reject_invalid_helo_hostname
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = check_recipient_access inline:{ {grey@example.org=450 4.7.1 greylisted}
    {full@example.org=452 4.2.2 mailbox full} }, permit_sasl_authenticated, reject
";

const MASTER: &str = "\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
";

const EXIM: &str = "\
exim_path = PROGRAM
primary_hostname = mx.example.org
spool_directory = DIR/spool
log_file_path = DIR/log/%slog
pid_file_path = DIR/pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = PORTS
tls_on_connect_ports = TLS_PORT
tls_advertise_hosts = *
tls_certificate = DIR/cert.pem
tls_privatekey = DIR/key.pem
acl_smtp_helo = helo
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
never_users =
keep_environment =
begin acl
helo:
  deny condition = ${if match{$sender_helo_name}{[.]|^.[0-9I]}{no}{yes}}
       message = a full name, please
  accept
mail:
  defer condition = ${if eq{$received_port}{FULL_PORT}}
        message = 452 4.3.1 no space left
  accept
rcpt:
  defer local_parts = grey
        message = 450 4.7.1 greylisted
  defer local_parts = full
        message = 452 4.2.2 mailbox full
  deny local_parts = gone
       message = 5.1.1 no such user
  defer condition = ${if and{{eq{$received_port}{TWO_PORT}}{>={$rcpt_count}{3}}}}
        message = 452 4.5.3 too many recipients
  require authenticated = *
  accept
begin routers
all:
  driver = accept
  transport = file
begin transports
file:
  driver = appendfile
  directory = DIR/mail/${lookup{$local_part}lsearch,ret=key{DIR/users}}
  maildir_format
  user = Debian-exim
begin authenticators
PLAIN:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{user@example.org}}{eq{$auth3}{correct horse}}}}
  server_set_id = $auth2
LOGIN:
  driver = plaintext
  public_name = LOGIN
  server_prompts = <| Username: | Password:
  server_condition = ${if and{{eq{$auth1}{user@example.org}}{eq{$auth2}{correct horse}}}}
  server_set_id = $auth1
CRAM:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${if eq{$auth1}{user@example.org}{correct horse}fail}
  server_set_id = $auth1
";
