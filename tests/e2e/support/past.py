#!/usr/bin/env python3

#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""Gives the journal of a running service a past, which no test can wait for.

Standard input: {"runs": [RunRecord, …], "copies": [{"created_at": ms, "outcome": …, "plans": […], "subject": …}, …]}.
Runs are rows as the service writes them; a copy is the last report with another time.
"""

import json
import sqlite3
import sys
from datetime import datetime


def milliseconds(text):
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


past = json.load(sys.stdin)
journal = sqlite3.connect(sys.argv[1], timeout=30)
with journal:
    for run in past.get("runs", []):
        times = (milliseconds(run["began_at"]), milliseconds(run["ended_at"]))
        row = (run["plan"], *times, run["outcome"], None, json.dumps(run))
        journal.execute("INSERT OR REPLACE INTO runs (plan, began_at, ended_at, outcome, report_id, run) VALUES (?,?,?,?,?,?)", row)
    columns = [row[1] for row in journal.execute("PRAGMA table_info(reports)")]
    for copy in past.get("copies", []):
        change = copy | {"plans": json.dumps(copy["plans"])} | {"id": None}
        change["id"] = journal.execute("SELECT max(id) + 1 FROM reports").fetchone()[0]
        values = ", ".join(f":{name}" if name in change else name for name in columns)
        journal.execute(
            f"INSERT INTO reports ({', '.join(columns)}) SELECT {values} FROM reports ORDER BY id LIMIT 1", change
        )
        delivery = [row[1] for row in journal.execute("PRAGMA table_info(deliveries)") if row[1] not in ("id", "report_id")]
        journal.execute(
            f"INSERT INTO deliveries (report_id, {', '.join(delivery)}) SELECT :id, {', '.join(delivery)} FROM deliveries "
            "WHERE report_id = (SELECT min(id) FROM reports)",
            {"id": change["id"]},
        )
        for plan in copy["plans"]:
            journal.execute("INSERT INTO report_plans VALUES (?, ?)", (plan["id"], change["id"]))
        journal.execute(
            "INSERT INTO report_applications SELECT application, ? FROM report_applications "
            "WHERE report_id = (SELECT min(id) FROM reports)",
            (change["id"],),
        )
    # The next job must not take the number of a copied report.
    journal.execute("UPDATE sqlite_sequence SET seq = max(seq, (SELECT coalesce(max(id), 0) FROM reports)) WHERE name = 'jobs'")
