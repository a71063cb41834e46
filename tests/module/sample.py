#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""A sample cluster: two plans on two nodes, with one failed application."""

import json
import time


def fill(r):
    """Writes the cluster to Redis, with runs that have just ended."""
    now = int(time.time())
    r.set("cluster/ui_name", "Sample cluster")
    uuid = "14030a59-a4e6-57cc-b8ea-cd5f97fe44c8"
    destination = {"name": "BackBlaze", "provider": "backblaze", "url": "b2:ns8-backups"}
    r.hset(f"cluster/backup_repository/{uuid}", mapping=destination)
    plans = {
        "1": {"name": "Nightly S3", "schedule": "*-*-* 02:00:00", "instances": "mail1 nextcloud1 samba1"},
        "2": {"name": "Hourly", "schedule": "*-*-* *:10:00", "instances": "mail1 traefik1"},
    }
    for plan, fields in plans.items():
        r.hset(f"cluster/backup/{plan}", mapping=fields | {"repository": uuid, "retention": "7", "enabled": "1"})
    for number, (module, node) in enumerate(
        {"mail1": "1", "nextcloud1": "1", "traefik1": "1", "samba1": "2"}.items(), 1
    ):
        r.hset("cluster/module_node", module, node)
        r.hset("cluster/module_uuid", module, f"00000000-0000-4000-8000-00000000000{number}")
        url = f"ghcr.io/nethserver/{module[:-1]}:1.0.0"
        r.hset(f"module/{module}/environment", mapping={"IMAGE_URL": url})
        good = module != "nextcloud1"
        status = {"start": now - 300, "end": now - 200, "errors": 0 if good else 1, "snapshots_count": 3}
        status |= {"total_size": 734003200 * good, "total_file_count": 4211 * good}
        for plan in plans:
            if module in plans[plan]["instances"].split():
                r.hset(f"node/{node}/backup_status/{plan}", module, json.dumps(status))
