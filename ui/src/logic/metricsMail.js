//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/** The emails of NS8's metrics module about failed backups, as get-configuration's `metrics_mail` has them. */

/** Silences those emails and no others, for ten years; docs/module.md explains it. */
const SILENCE =
  "amtool silence add alertname=BackupFailed --alertmanager.url=http://127.0.0.1:9093 --duration=10y --comment=backup-monitor";

/** The command that an administrator runs on the leader. */
export function silenceCommand({ instance }) {
  return `runagent -m ${instance} podman exec alertmanager ${SILENCE}`;
}

/** Whether the same failure is mailed twice: by metrics and by us. */
export function mailsTwice({ metrics_mail: { recipients, silenced }, smarthost, configured }) {
  return configured && smarthost.enabled && recipients.length > 0 && silenced !== true;
}

/** The recipients to start with: those of metrics, as long as nobody is to be notified by us. */
export function proposedRecipients({ metrics_mail: { recipients }, configured }) {
  return configured ? [] : recipients;
}
