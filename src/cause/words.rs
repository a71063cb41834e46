// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The words of restic, rclone and the storages behind them: what an error says about the repository.
//!
//! Taken from what restic 0.14 and 0.18 print when each of their requests is answered with 401, 403, 404, 429, 500, 503, 507 or a hang-up,
//! and from the sources of rclone's backends. All phrases are in lower case.

/// What an error says about a repository or its destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The destination does not answer, or answers with an error of its own.
    Unreachable,
    /// The destination denies access.
    Denied,
    /// The destination is full, or over its quota.
    Full,
    /// A lock is on the repository.
    Locked,
    /// Its password is another one.
    WrongPassword,
    /// There is no repository.
    Missing,
    /// Its data are damaged.
    Damaged,
    /// The disk of the machine that restic runs on is full.
    DiskFull,
}

const LOCKED: &[&str] = &["repository is already locked", "repo already locked, waiting"];

const WRONG_PASSWORD: &[&str] = &["wrong password or no key found"];

/// Only what tells of room, never of a rate: Google's "Quota exceeded for quota metric" and B2's caps on transactions are no full storage.
const FULL: &[&str] = &[
    "507 insufficient storage",
    "unexpected http response (507)",
    "insufficientstorage", // Sabre (Nextcloud), SharePoint
    "insufficient storage",
    "insufficient_space",   // Dropbox
    "storagequotaexceeded", // Google Drive
    "storage quota",
    "storage_cap_exceeded", // Backblaze B2
    "storage cap exceeded",
    "quotaexceeded",     // S3 with quotas: MinIO, Ceph, Garage
    "quotalimitreached", // OneDrive
    "storagefull",       // MinIO: XMinioStorageFull
    "minimum free drive threshold",
    "over quota",
    "quota is exceeded",
    "exceeded storage allocation", // FTP 552
    "nt_status_disk_full",         // SMB
    "there is not enough space on the disk",
    "file too big for remaining disk space", // rclone on a directory
];

/// Full or over quota, but of the destination only where the destination says it.
const NO_SPACE: &[&str] = &["no space left on device", "disk quota exceeded"];

const DENIED: &[&str] = &[
    "401 unauthorized",
    "403 forbidden",
    "unexpected http response (401)",
    "unexpected http response (403)",
    "invalidaccesskeyid",
    "signaturedoesnotmatch",
    "accessdenied",
    "access denied",
    "access key id you provided does not exist",
    "expiredtoken",
    "bad_auth_token",
    "expired_auth_token",
    "invalid_grant",
    "invalid_token",
    "invalid client secret",
    "aadsts7000222", // Microsoft: the client secret is expired
    "aadsts7000215",
    "authenticationfailed", // Azure
    "server failed to authenticate the request",
    "authorizationpermissionmismatch",
    "accountproblem",
    "accountdisabled",
    "unable to authenticate", // SSH
    "530 login incorrect",    // FTP
    "nt_status_logon_failure",
    "nt_status_access_denied",
    "nt_status_account_locked_out",
    "nt_status_password_expired",
];

const UNREACHABLE: &[&str] = &[
    "connection refused",
    "connection reset",
    "connection timed out",
    "connection lost",
    "connection closed",
    "use of closed network connection",
    "broken pipe",
    "context deadline exceeded",
    "client.timeout exceeded",
    "timeout awaiting response headers",
    "i/o timeout",
    "no such host",
    "no route to host",
    "network is unreachable",
    "host is down",
    "server misbehaving",
    "temporary failure in name resolution",
    "tls handshake",
    "tls: ",
    "x509: ",
    "remote error: tls",
    "server gave http response to https client",
    "malformed http",
    ": eof",
    "unexpected eof",
    "429 too many requests",
    "unexpected http response (429)",
    "500 internal server error",
    "502 bad gateway",
    "503 service unavailable",
    "504 gateway",
    "unexpected http response (5",
    "slowdown",
    "no server available",
    // A page of HTML where JSON belongs: a proxy or a login page answers.
    "invalid character '<'",
];

const DAMAGED: &[&str] = &[
    "ciphertext verification failed",
    "is damaged",
    "invalid data returned",
    "hash does not match",
    "does not match id",
    "unexpected end of json",
    "invalid character",
    "unmarshal",
    "repository contains errors",
    "not found in index",
    "not found in repository",
    "unable to load index",
    "truncated pack",
];

/// Files of the repository that restic's own lists or indexes name.
const FILES_OF_A_REPOSITORY: &[&str] =
    &["<key/", "<index/", "<snapshot/", "<data/", "load(<key", "load(<index", "load(<snapshot", "load(<data"];

const NOT_THERE: &[&str] = &[
    "does not exist",
    "no such file or directory",
    "404 not found",
    "unexpected http response (404)",
    "nosuchkey",
    "object not found",
    "file not found",
];

/// restic's standing question, which it puts below whatever kept it from opening a repository. It proves nothing.
pub const STANDING_QUESTION: &str = "is there a repository at the following location?";

/// What follows when `restic init` is run on a repository that could not be read for another reason.
pub const CONSEQUENCE: &str = "config file already exists";

/// What a message says. None when it says nothing about the repository or its destination.
pub fn trouble(message: &str) -> Option<Trouble> {
    let message = message.to_lowercase();
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| message.contains(phrase));
    // The order matters: a refusal for want of room comes as 403 with Backblaze and Google, and a key that "does not exist in our records" is
    // no missing repository.
    if has(LOCKED) {
        Some(Trouble::Locked)
    } else if has(FULL) {
        Some(Trouble::Full)
    } else if has(NO_SPACE) {
        Some(if is_of_destination(&message) { Trouble::Full } else { Trouble::DiskFull })
    } else if has(DENIED) || (message.contains("permission denied") && is_of_destination(&message)) {
        Some(Trouble::Denied)
    } else if has(UNREACHABLE) {
        Some(Trouble::Unreachable)
    } else if has(WRONG_PASSWORD) {
        Some(Trouble::WrongPassword)
    } else if has(DAMAGED) || (has(NOT_THERE) && has(FILES_OF_A_REPOSITORY) && !message.contains("save(<")) {
        Some(Trouble::Damaged)
    } else if is_missing(&message, has(NOT_THERE)) {
        Some(Trouble::Missing)
    } else {
        None
    }
}

/// True when a repository's configuration, or the bucket of the destination, is not there.
fn is_missing(message: &str, not_there: bool) -> bool {
    const OF_CONFIG: [&str; 3] = ["unable to open config file", "<config", "/config"];
    message.contains("repository does not exist")
        || message.contains("nosuchbucket")
        || message.contains("specified bucket does not exist")
        || (not_there && OF_CONFIG.iter().any(|phrase| message.contains(phrase)))
}

/// True when restic tells of a request to the destination that failed, or rclone of one to the storage behind it.
pub fn is_of_destination(line: &str) -> bool {
    const REQUESTS: [&str; 6] = ["save(<", "load(<", "stat(<", "remove(<", "test(<", "list("];
    const OTHERS: [&str; 7] = [
        "unable to open config file",
        "create repository at",
        "server response unexpected",
        "unexpected http response",
        "rcat error",
        "post request",
        "failed to copy",
    ];
    let line = line.to_lowercase();
    let line = line.trim_start();
    REQUESTS.iter().any(|request| line.starts_with(request) || line.contains(&format!("\n{request}")))
        || OTHERS.iter().any(|words| line.contains(words))
        || is_of_directory(line)
}

/// True when restic tells of a file that it was writing into a repository in a directory, which it names after its final place. Its other
/// temporary files are called `restic-temp-pack-…` and the like.
fn is_of_directory(line: &str) -> bool {
    const PARTS: [&str; 5] = ["/data/", "/index/", "/snapshots/", "/locks/", "/keys/"];
    line.contains("-tmp-") && PARTS.iter().any(|part| line.contains(part))
}

/// True for restic's notice that it tries a request again. What it has tells why only when all ends badly.
pub fn is_retry(line: &str) -> bool {
    line.contains("returned error, retrying after") || line.contains("operation failed, retrying after")
}

/// True for restic's notice that it tries a request again, if one of the lines after it says that the request went well in the end.
pub fn is_overcome<'a>(line: &str, mut later: impl Iterator<Item = &'a str>) -> bool {
    let Some((request, _)) = line.split_once(" returned error, retrying after ") else { return false };
    later.any(|later| {
        later.strip_prefix(request).is_some_and(|how| how.starts_with(" operation successful after "))
    })
}

/// True for restic's line about one request to the destination that failed, tried again or not.
pub fn is_request(line: &str) -> bool {
    const OPERATIONS: [&str; 6] = ["Save(<", "Load(<", "Stat(<", "Remove(<", "Test(<", "List("];
    OPERATIONS.iter().any(|operation| line.starts_with(operation))
}

/// True when `restic backup` could not read the snapshot before from the repository, to which it compares the files. It then goes on without,
/// and ends as if a file could not be read.
pub fn is_of_last_snapshot(line: &str) -> bool {
    line.contains("could not be loaded; the repository could be damaged")
}

/// True where restic says "no key found" because it could not read the keys, and not because of the password.
pub fn is_of_keys(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("List(key)") || line.starts_with("Load(<key/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storages_are_understood_in_their_own_words() {
        let expected = [
            ("Fatal: unable to open config file: client.Stat: Access Denied.", Some(Trouble::Denied)),
            ("The AWS Access Key Id you provided does not exist in our records.", Some(Trouble::Denied)),
            (
                "ERROR : a/b: Post request rcat error: googleapi: Error 403: The user's Drive storage quota has been exceeded., \
                 storageQuotaExceeded",
                Some(Trouble::Full),
            ),
            ("Cannot upload files, storage cap exceeded. (403 storage_cap_exceeded)", Some(Trouble::Full)),
            (
                "ERROR : bin/data/bc/bc67d1c8: Post request rcat error: preallocate: file too big for remaining disk space",
                Some(Trouble::Full),
            ),
            ("Transaction cap exceeded. (403 transaction_cap_exceeded)", None),
            (
                "googleapi: Error 403: Quota exceeded for quota metric 'Queries' and limit 'Queries per minute'",
                None,
            ),
            (
                "Save(<data/1dfeacf5bf>) returned error, retrying after 1.2s: unexpected HTTP response (507): 507 Insufficient \
                 Storage",
                Some(Trouble::Full),
            ),
            (
                "Save(<data/1dfeacf5bf>) returned error, retrying after 1s: write /r/data/1d/1dfeacf5bf-tmp-1: no space left on \
                 device",
                Some(Trouble::Full),
            ),
            (
                "Fatal: unable to save snapshot: write /srv/repo/data/58/58acef5d3df0-tmp-1095419310: no space left on device",
                Some(Trouble::Full),
            ),
            (
                "Fatal: unable to save snapshot: write /tmp/restic-temp-pack-123: no space left on device",
                Some(Trouble::DiskFull),
            ),
            ("dial tcp: lookup s3.example.org: no such host", Some(Trouble::Unreachable)),
            (
                "Stat(<config/>) failed: Head \"https://x/\": tls: failed to verify certificate: x509: certificate has expired or \
                 is not yet valid",
                Some(Trouble::Unreachable),
            ),
            ("Fatal: <key/998d1f8704> does not exist", Some(Trouble::Damaged)),
            ("Save(<lock/2ba9f05d4c>) failed: <lock/2ba9f05d4c> does not exist", None),
            ("unable to create lock in backend: context canceled", None),
            ("Fatal: invalid character '<' looking for beginning of value", Some(Trouble::Unreachable)),
            (
                "Fatal: unable to open config file: The specified bucket does not exist",
                Some(Trouble::Missing),
            ),
            ("Is there a repository at the following location?\nrest:http://127.0.0.1:4694/x/", None),
            ("", None),
        ];
        for (words, trouble_in_them) in expected {
            assert_eq!(trouble(words), trouble_in_them, "{words}");
        }
    }
}
