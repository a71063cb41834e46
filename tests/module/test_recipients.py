#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""Who is told what: the recipients of configure-module, and the variables that the service reads."""

import sys

import pytest
from conftest import wait_ready
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from support import SOURCE
from test_configure import service_environment

sys.path.insert(0, str(SOURCE / "imageroot/pypkg"))

import monitor_recipients


def recipient(address, plans, language=None, notify=None):
    return {"address": address, "plans": plans, "language": language, "notify": notify}


def of_plans(environment):
    return {name: value for name, value in environment.items() if name.startswith("MAIL_TO")}


def test_each_recipient_is_named_for_his_plans_with_what_he_wants(node, settings):
    recipients = [
        recipient("ada@example.org", ["1", "10"], "it", "always"),
        recipient("bob@example.org", ["1"], None, "failure"),
        recipient("eve@example.org", [], "en"),
    ]
    result = node.run_action("configure-module", settings | {"recipients": recipients})
    assert result["status"] == "completed", result
    expected = {
        "MAIL_TO": "admin@example.org,backup@example.org,eve@example.org;language=en",
        "MAIL_TO_PLAN_1": "ada@example.org;language=it;notify=always,bob@example.org;notify=failure",
        "MAIL_TO_PLAN_10": "ada@example.org;language=it;notify=always",
    }
    assert of_plans(node.environment()) == expected
    assert of_plans(service_environment(node)) == expected
    wait_ready(node)  # the service ends where it can't read them
    configuration = node.run_action("get-configuration", {})["output"]
    by_address = lambda entry: entry["address"]
    assert sorted(configuration["recipients"], key=by_address) == recipients
    assert configuration["mail_to"] == settings["mail_to"]


def test_who_is_removed_from_a_plan_gets_nothing_about_it_any_more(node, settings):
    both = [recipient("ada@example.org", ["1", "2"])]
    assert node.run_action("configure-module", settings | {"recipients": both})["status"] == "completed"
    one = [recipient("ada@example.org", ["2"])]
    assert node.run_action("configure-module", settings | {"recipients": one})["status"] == "completed"
    assert set(of_plans(service_environment(node))) == {"MAIL_TO", "MAIL_TO_PLAN_2"}
    assert node.run_action("configure-module", settings | {"recipients": []})["status"] == "completed"
    assert set(of_plans(service_environment(node))) == {"MAIL_TO"}
    assert set(of_plans(node.environment())) == {"MAIL_TO"}


def test_recipients_of_a_plan_that_was_deleted_stay_until_they_are_removed(node, settings):
    gone = [recipient("ada@example.org", ["7"])]
    assert node.run_action("configure-module", settings | {"recipients": gone})["status"] == "completed"
    configuration = node.run_action("get-configuration", {})["output"]
    assert configuration["recipients"] == gone
    assert "7" not in [plan["id"] for plan in configuration["plans"]]


WRONG = [
    ([recipient("nobody", [])], "recipients.0.address", "invalid_address"),
    ([recipient("a@x.org", ["1"]), recipient("a;b@x.org", [])], "recipients.1.address", "invalid_address"),
    ([recipient("a@x.org;language=it", [])], "recipients.0.address", "invalid_address"),
    ([recipient("Admin@example.org", [])], "recipients.0.address", "duplicate_recipient"),
    (
        [recipient("a@x.org", ["1", "2"]), recipient("A@x.org", ["2"], "it")],
        "recipients.1.address",
        "duplicate_recipient",
    ),
    ([recipient("a@x.org", ["1=2\nX"])], "recipients.0.plans.0", "recipients_pattern"),
    ([recipient("a@x.org", ["1", "1"])], "recipients.0.plans", "recipients_unique"),
    ([recipient("a@x.org", [1])], "recipients.0.plans.0", "recipients_invalid_type"),
    ([recipient("a@x.org", [], "de")], "recipients.0.language", "recipients_enum"),
    ([recipient("a@x.org", [], None, "never")], "recipients.0.notify", "recipients_enum"),
    ([{"address": "a@x.org"}], "recipients.0", "recipients_required"),
]


@pytest.mark.parametrize(("recipients", "field", "error"), WRONG)
def test_wrong_recipients_are_refused_where_they_are(node, settings, recipients, field, error):
    before = node.environment()
    result = node.run_action("configure-module", settings | {"recipients": recipients})
    assert result["status"] == "validation-failed", result
    first = result["errors"][0]
    assert (first["field"], first["parameter"], first["error"]) == (field, "recipients", error)
    assert node.environment() == before


def test_one_address_may_want_all_failures_and_every_run_of_one_plan(node, settings):
    recipients = [recipient("admin@example.org", ["2"], None, "always")]
    assert node.run_action("configure-module", settings | {"recipients": recipients})["status"] == "completed"


address = st.sampled_from(["a@x.org", "b@x.org", "用户@例え.テスト"])
any_recipient = st.builds(
    recipient,
    address,
    st.lists(st.sampled_from(["1", "2", "10", "11"]), unique=True, max_size=4),
    st.sampled_from([None, "en", "it"]),
    st.sampled_from([None, "failure", "always"]),
)


def meaning(mail_to, recipients):
    """What each address gets, whatever entries say so."""
    wants = [(entry, None, None, None) for entry in mail_to]
    for entry in recipients:
        wants += [(entry["address"], plan, entry["language"], entry["notify"]) for plan in entry["plans"] or [None]]
    return set(wants)


@hypothesis_settings(deadline=None, database=None)
@given(st.lists(address, unique=True), st.lists(any_recipient))
def test_the_variables_say_what_the_settings_say(mail_to, recipients):
    variables = monitor_recipients.to_env(mail_to, recipients)
    back = monitor_recipients.from_env(variables)
    assert meaning(*back) == meaning(mail_to, recipients)
    # Once read, they stay as they are.
    assert monitor_recipients.from_env(monitor_recipients.to_env(*back)) == back
